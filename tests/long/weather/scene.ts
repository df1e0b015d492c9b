/**
 * A fleet to which a set of faults happens: a sandbox with an autoscaler, and checks of the invariants.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { setAlarmState } from "../../../src/aws/cloudwatch/alarms.ts";
import { connect } from "../../../src/aws/clients.ts";
import { type Clock, realClock, realRuntime } from "../../../src/runtime.ts";
import type { JournalLine } from "../../../src/autoscaler/store/lines.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import type { SandboxOptions } from "../../../src/sandbox/sandbox.ts";
import type { AlarmState } from "../../../src/scaling/model/alarm.ts";
import {
  BASE,
  firstResync,
  lines,
  machines,
  NODES,
  putLasting,
  type Stage,
  stage,
  type StagedService,
  type StageOptions,
} from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";

/** A clock that a test can set forward or back. */
export class JumpingClock implements Clock {
  #ahead = 0;
  readonly elapsed = realClock.elapsed;
  readonly sleep = realClock.sleep;
  readonly now = (): number => realClock.now() + this.#ahead;

  /** Sets the clock forward by `ms`, or back if `ms` is negative. */
  jump(ms: number): void {
    this.#ahead += ms;
  }
}

/** The options of a scene. */
export interface SceneOptions extends Partial<StageOptions> {
  readonly sandbox?: SandboxOptions;
  /** Time limit of one attempt of a call, in ms. */
  readonly timeLimit?: number;
  /** Called when a worker answers /ping for the first time after a start of its instance. */
  readonly onFirstPing?: (scene: Scene, id: string) => void | Promise<void>;
}

/**
 * How many requests are in progress when an instance is deregistered. This is enough for each instance to have some.
 */
const REQUESTS = 6;

/** How long these requests take after the deregistration, in ms. */
const BUSY = 200;

/** How long it takes after a change of capacity until there are new datapoints, in ms: two minutes of sandbox time. */
const NEW_DATAPOINTS = 3_500;

/** Time limit for reaching an expected state, in ms. */
const PATIENCE = 45_000;

/** A fleet of a base instance and two stopped nodes, whose alarms recommend nothing, and a subscribed autoscaler. */
export class Scene implements AsyncDisposable {
  /** Called at each call to AWS, by the autoscaler or by the scene itself. */
  onCall: (passing: CallEvent) => void | Promise<void> = () => {};
  /** The violations of the invariants. */
  readonly violations: string[] = [];
  /** Resolves when the workers may answer the requests to /work. */
  readonly #work: PromiseWithResolvers<void>;
  /** Returns how many requests wait for an answer. */
  readonly #held: () => number;
  readonly #requests: Promise<Response>[] = [];
  /** How often each node was started. */
  readonly #starts = new Map<string, number>();
  /** Instances whose workers have answered since their latest start. */
  readonly #healthy = new Set<string>();

  private constructor(
    readonly stage: Stage,
    readonly clock: JumpingClock,
    readonly autoscaler: StagedService,
    work: PromiseWithResolvers<void>,
    held: () => number,
  ) {
    this.#work = work;
    this.#held = held;
  }

  /** Opens a scene without faults. */
  static async open({ sandbox, timeLimit = 1_000, onFirstPing, ...more }: SceneOptions = {}): Promise<Scene> {
    const made: { scene?: Scene } = {};
    const work = Promise.withResolvers<void>();
    const make = machines((id) => {
      const { scene } = made;
      if (scene?.isFirstAnswer(id)) void onFirstPing?.(scene, id);
      return true;
    }, work.promise);
    const machine: MachineFactory = (host) => {
      made.scene?.started(host.id);
      return make(host);
    };
    const clock = new JumpingClock();
    await using owned = new AsyncDisposableStack();
    const set = owned.use(await stage({ nodes: 2, machine, ...sandbox }, more, { ...realRuntime, clock }));
    const autoscaler = await set.start({ account: { ...set.options.account, timeLimit } });
    await firstResync(autoscaler);
    await set.subscribe(autoscaler);
    for (const id of [BASE, ...NODES.slice(0, 2)]) {
      await set.alarm("cpuhigh", id, "OK");
      await set.alarm("cpulow", id, "ALARM");
    }
    owned.move();
    const scene = made.scene = new Scene(set, clock, autoscaler, work, make.held);
    scene.endFaults();
    return scene;
  }

  /** Notes that an instance was started. */
  started(id: string): void {
    this.#healthy.delete(id);
    this.#starts.set(id, (this.#starts.get(id) ?? 0) + 1);
  }

  /** Notes that an instance's worker answers. Returns whether that is the first time. */
  isFirstAnswer(id: string): boolean {
    if (this.#healthy.has(id)) return false;
    this.#healthy.add(id);
    return true;
  }

  get sandbox(): Stage["sandbox"] {
    return this.stage.sandbox;
  }

  get faults(): Stage["sandbox"]["faults"] {
    return this.sandbox.faults;
  }

  /** Sets the state of an alarm. Repeats the call until it succeeds, despite the faults. */
  async alarm(
    kind: "cpuhigh" | "cpulow",
    dimension: string,
    state: AlarmState,
    timeLimit = 1_000,
  ): Promise<void> {
    using aws = connect({ ...this.stage.options.account, timeLimit });
    const { topicArn } = this.stage.options;
    const threshold = state === "ALARM" ? 0 : 100;
    const plan = { fleet: "kas", kind, dimension, threshold, period: 60, evaluations: 1, topicArn };
    await retry(() => putLasting(aws, plan));
    await retry(() => setAlarmState(aws, `kas:${kind}:${dimension}`, state, "a test"));
  }

  /** Sets an alarm that recommends one more instance. */
  async askForMore(): Promise<void> {
    await this.alarm("cpuhigh", BASE, "ALARM");
  }

  /**
   * Recommends a second instance after the decision on the first. It uses the same alarm, because the alarm of a
   * stopped instance would not keep its state.
   */
  async askForMoreAgain(): Promise<void> {
    await eventually(() => this.activities(), ({ length }) => length > 0, PATIENCE);
    await this.alarm("cpuhigh", BASE, "OK");
    await this.askForMore();
  }

  /**
   * Recommends one instance less, and no longer one more, when there are datapoints from after the last change of
   * capacity (R6).
   */
  async reportIdle(id: string): Promise<void> {
    await realClock.sleep(NEW_DATAPOINTS);
    await this.alarm("cpuhigh", BASE, "OK");
    await this.alarm("cpulow", id, "OK");
  }

  /** The activities in the journal, newest first. */
  async activities(): Promise<JournalLine[]> {
    return (await lines(this.autoscaler)).filter(({ kind }) => kind !== "none");
  }

  /** Waits until all activities of a kind have ended. Returns the newest one. */
  async ended(kind: "start" | "stop", count = 1): Promise<JournalLine> {
    const all = await eventually(
      async () => (await this.activities()).filter((line) => line.kind === kind),
      (found) => found.length >= count && found.every(({ status }) => status !== "in-progress"),
      PATIENCE,
    );
    const [newest] = all;
    assert(newest !== undefined);
    return newest;
  }

  /** Waits until the instances have these states and registrations. A terminated instance is `gone`. */
  async reaches(expected: Readonly<Record<string, string>>): Promise<void> {
    const seen = () =>
      Object.fromEntries(
        Object.keys(expected).map((id) => {
          const standing = this.stage.standing(id);
          return [id, standing.startsWith("undefined") ? "gone" : standing];
        }),
      );
    const same = (seen: Record<string, string>) =>
      Object.entries(expected).every(([id, standing]) => seen[id] === standing);
    await eventually(seen, same, PATIENCE);
  }

  /** Ends all faults. */
  endFaults(): void {
    this.faults.clear();
    this.onCall = () => {};
    this.faults.onCall = (passing) => this.#passes(passing);
  }

  /** Sends requests to every instance that take some time. */
  async #busy(): Promise<void> {
    const url = `http://127.0.0.1:${this.sandbox.balancerPort}/work`;
    for (let i = 0; i < REQUESTS; i++) this.#requests.push(fetch(url));
    await eventually(this.#held, (held) => held === REQUESTS);
    setTimeout(() => this.#work.resolve(), BUSY);
  }

  /** Checks the invariants and the state of the fleet at the end. */
  async verify(starts: number): Promise<void> {
    this.#work.resolve();
    for (const response of await Promise.all(this.#requests)) {
      assertEquals([response.status, await response.text()], [200, "pong"]);
    }
    assertEquals(this.violations, []);
    const made = [...this.#starts.values()].reduce((sum, n) => sum + n, 0);
    assertEquals(made, starts, "starts");
    assertEquals(this.stage.standing(BASE), "running in-service");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.faults.clear();
    this.#work.resolve();
    for (const response of await Promise.allSettled(this.#requests)) {
      if (response.status === "fulfilled" && !response.value.bodyUsed) await response.value.body?.cancel();
    }
    await this.stage[Symbol.asyncDispose]();
  }

  async #passes(passing: CallEvent): Promise<void> {
    const { action, input, moment } = passing;
    const changes = /^(Start|Stop|Terminate|Register|Deregister)/.test(action);
    const ids = changes ? JSON.stringify(input).match(/i-[0-9a-f]{17}/g) ?? [] : [];
    for (const id of moment === "before" ? ids : []) {
      const standing = this.stage.standing(id);
      if (/^(Stop|Terminate|Deregister)/.test(action) && id === BASE) {
        this.violations.push(`${action} of the base`);
      }
      if (/^Register/.test(action) && !this.#healthy.has(id)) {
        this.violations.push(`${id} registered before healthy`);
      }
      if (/^Stop/.test(action) && /in-service|draining/.test(standing)) {
        this.violations.push(`${id} stopped while ${standing}`);
      }
    }
    if (/^Deregister/.test(action) && moment === "before" && this.#requests.length === 0) await this.#busy();
    await this.onCall(passing);
  }
}

/** Repeats `act` until it succeeds. */
export async function retry(act: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  for (;;) {
    try {
      return void await act();
    } catch (error) {
      if (performance.now() - begun > PATIENCE) throw error;
    }
  }
}
