/**
 * The autoscaler as a process, which the test kills at one point and starts again with the same state folder and port.
 *
 * @module
 */
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import { BUILT, type Running, start } from "../../support/kas.ts";

/** Where the test kills the process: at a call to AWS, or as soon as a step is in the journal. */
export type KillPoint =
  | {
    readonly at: "call";
    /** The {@linkcode callName} of the call. */
    readonly call: string;
    /** Which of the calls with this name, from 1. */
    readonly nth: number;
    readonly moment: CallEvent["moment"];
  }
  | { readonly at: "step"; readonly step: string; readonly instance: string; readonly ended: boolean };

/** Describes a point. */
export function describe(point: KillPoint): string {
  return point.at === "call"
    ? `${point.moment} ${point.call}#${point.nth}`
    : `${point.instance} ${point.step} ${point.ended ? "ended" : "begun"} in the journal`;
}

/** Returns the name of a call: its action and its instances, for example `StopInstances i-1`. */
export function callName({ action, input }: Pick<CallEvent, "action" | "input">): string {
  return [action, ...new Set(JSON.stringify(input).match(/\bi-[0-9a-f]{17}\b/g) ?? [])].join(" ");
}

/** Matches the calls that only observe, at which no kill is needed. */
const OBSERVING =
  /^((DescribeInstances|DescribeInstanceHealth|DescribeAlarms|GetMetricData)$|DescribeInstanceStatus\b)/;
const OUTSIDE = /^(PutMetricAlarm|SetAlarmState)/;

/** The autoscaler's present process. */
export class Victim implements AsyncDisposable {
  readonly #sandbox: Sandbox;
  readonly #words: readonly string[];
  readonly #state: string;
  #process: Running | undefined;
  #url = "";
  #counting = false;
  /** How often each call was made since {@linkcode Victim.beginCounting}. */
  readonly #counts = new Map<string, number>();
  #changed = false;
  readonly #point: KillPoint | undefined;
  #killed = false;
  #restarted: Promise<void> = Promise.resolve();
  readonly #output: string[] = [];
  readonly #watched = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(sandbox: Sandbox, state: string, flags: readonly string[], point?: KillPoint) {
    this.#sandbox = sandbox;
    this.#state = state;
    this.#words = [...BUILT, "autoscaler", "--state", state, ...flags];
    this.#point = point;
  }

  get url(): string {
    return this.#url;
  }

  /** Whether the test has killed the process. */
  get killed(): boolean {
    return this.#killed;
  }

  /** How often each call was made since {@linkcode Victim.beginCounting}. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Starts the process. */
  async start(): Promise<void> {
    const listen = this.#url === "" ? "127.0.0.1:0" : new URL(this.#url).host;
    this.#process = start([...this.#words, "--listen", listen], this.#sandbox.env);
    [, this.#url = ""] = await this.#process.line(/listening on (http:\/\/\S+)/);
  }

  /** From here on, counts the calls, and kills the process at its point. */
  beginCounting(): void {
    this.#counting = true;
    if (this.#point?.at === "step") this.#watching = this.#watch(this.#point);
  }

  /**
   * Must be called at each call to AWS. Throws an error if the process was killed before the call, so that the call has
   * no effect.
   */
  async onCall(passing: CallEvent): Promise<void> {
    const name = callName(passing);
    if (!this.#counting || OUTSIDE.test(name)) return;
    if (/^(Run|Start|Stop|Terminate|Register|Deregister|CreateTags)/.test(name)) this.#changed = true;
    else if (!this.#changed && OBSERVING.test(name)) return;
    if (passing.moment === "before") this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const point = this.#point;
    if (this.#killed || point?.at !== "call" || point.call !== name || point.moment !== passing.moment) {
      return;
    }
    if (this.#counts.get(name) !== point.nth) return;
    await this.#kill();
    if (passing.moment === "before") throw new Error("the autoscaler was killed");
  }

  /** Resolves once the process has started again. */
  async settled(): Promise<void> {
    await this.#restarted;
  }

  /** The output of the processes. */
  get output(): string {
    return [...this.#output, ...this.#process?.lines ?? []].join("\n");
  }
  async #kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#killed = true;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#restarted = promise;
    process.kill("SIGKILL");
    await process.status;
    this.#output.push(...process.lines, "--- killed");
    this.start().then(resolve, reject);
  }

  /** Reads the journal at each change, and kills the process as soon as it contains the step. */
  async #watch({ step, instance, ended }: KillPoint & { at: "step" }): Promise<void> {
    using watcher = Deno.watchFs(this.#state);
    this.#watched.signal.addEventListener("abort", () => watcher.close(), { once: true });
    using state = Store.read(this.#state);
    const shows = state.db.prepare(
      "SELECT 1 FROM steps WHERE step = ? AND instance = ? AND (ended IS NOT NULL) >= ?",
    );
    for await (const _ of watcher) {
      if (shows.get(step, instance, Number(ended)) === undefined) continue;
      return await this.#kill();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watched.abort();
    await this.#watching;
    await this.#restarted;
    await this.#process?.[Symbol.asyncDispose]();
  }
}
