/**
 * Makes the health checks of a fleet without a load balancer. The checks run by themselves at an interval, so that an instance that
 * answers slowly delays no decision.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Clock } from "../../runtime.ts";

/** The result of one health check. */
export interface Checked {
  readonly passed: boolean;
  /** What happened, for messages. */
  readonly description: string;
}

/** The parts of a monitor. */
export interface MonitorParts {
  readonly clock: Clock;
  /** Makes one health check of an instance, with a time limit of its own. */
  readonly check: (instance: Ec2Instance, signal: AbortSignal) => Promise<Checked>;
  /** The pause between two checks of an instance, in ms. */
  readonly interval: () => number;
  /** Whether an instance was healthy before this process began. Undefined if that is unknown. */
  readonly before: (instance: Ec2Instance) => boolean | undefined;
}

/** An instance that fails this many checks in a row becomes unhealthy. */
const FAILURES = 3;

/**
 * An instance that was healthy becomes healthy again when it passes this many checks in a row. An instance that has never been healthy
 * needs one, as at an Application Load Balancer.
 */
const PASSES = 2;

/** The maximum number of checks at the same time. */
const AT_ONCE = 50;

/** What the monitor knows of an instance. */
interface State {
  /** The instance as EC2 last showed it. EC2 may show an address late, and an operator may change it. */
  instance: Ec2Instance;
  /** Undefined until the first check has ended. */
  healthy: boolean | undefined;
  /** Whether the instance has been healthy since its start. */
  wasHealthy: boolean;
  /** The number of checks in a row whose result differs from `healthy`. */
  streak: number;
  last: Checked | undefined;
  /** The check in progress. It never rejects. */
  checking: Promise<void> | undefined;
}

const log = getLogger(["kas", "health"]);

/** Checks the health of instances. */
export class Monitor implements Disposable {
  readonly #parts: MonitorParts;
  readonly #states = new Map<string, State>();
  readonly #end = new AbortController();
  #isRunning = false;
  /** The number of checks in progress. */
  #inProgress = 0;
  /** Functions that let the checks continue that wait for their turn. */
  readonly #waiting: (() => void)[] = [];

  constructor(parts: MonitorParts) {
    this.#parts = parts;
  }

  /** From now on, checks these instances, which run, and no others. */
  watch(instances: readonly Ec2Instance[]): void {
    const ids = new Set(instances.map(({ id }) => id));
    for (const id of this.#states.keys()) if (!ids.has(id)) this.#states.delete(id);
    for (const instance of instances) this.#stateOf(instance);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /**
   * Returns whether a running instance is healthy, and the result of its last check. Waits for the first check of an instance.
   *
   * @param isAwaited whether somebody waits for a new instance, which the monitor then checks at once
   */
  async verdict(instance: Ec2Instance, isAwaited: boolean): Promise<Checked> {
    const state = this.#stateOf(instance);
    if (state.healthy === undefined || (isAwaited && !state.wasHealthy)) await this.#check(state);
    return { passed: state.healthy ?? false, description: state.last?.description ?? "not checked yet" };
  }

  /** Ends all checks. */
  [Symbol.dispose](): void {
    this.#end.abort(new DOMException("The health checks end", "AbortError"));
  }

  #stateOf(instance: Ec2Instance): State {
    const known = this.#states.get(instance.id);
    if (known !== undefined && known.instance.launched === instance.launched) {
      known.instance = instance;
      return known;
    }
    const healthy = this.#parts.before(instance);
    const state: State = {
      instance,
      healthy,
      wasHealthy: healthy !== undefined,
      streak: 0,
      last: undefined,
      checking: undefined,
    };
    this.#states.set(instance.id, state);
    return state;
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    try {
      while (true) {
        await Promise.all(this.#states.values().map((state) => this.#check(state)));
        await this.#parts.clock.sleep(this.#parts.interval(), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Checks an instance once. Concurrent calls share a check. */
  #check(state: State): Promise<void> {
    return state.checking ??= this.#inTurn(() => this.#checkOnce(state)).finally(() =>
      state.checking = undefined
    );
  }

  /** Makes a check when fewer than {@linkcode AT_ONCE} are in progress. */
  async #inTurn(check: () => Promise<void>): Promise<void> {
    while (this.#inProgress >= AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inProgress++;
    try {
      await check();
    } finally {
      this.#inProgress--;
      this.#waiting.shift()?.();
    }
  }

  async #checkOnce(state: State): Promise<void> {
    const { instance } = state;
    let checked: Checked;
    try {
      checked = await this.#parts.check(instance, this.#end.signal);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      checked = { passed: false, description: (error as Error).message };
    }
    state.last = checked;
    const { passed, description } = checked;
    if (passed === state.healthy) {
      state.streak = 0;
      return;
    }
    state.streak++;
    if (state.wasHealthy && state.streak < (passed ? PASSES : FAILURES)) return;
    if (state.wasHealthy) {
      log.info(passed ? "instance passes its health check again" : "instance fails its health check", {
        instance: instance.id,
        result: description,
      });
    }
    state.healthy = passed;
    state.wasHealthy ||= passed;
    state.streak = 0;
  }
}
