/**
 * The activities under way: each carries out one decision on its own time, so that decisions never wait for EC2 (R12) and
 * a way out never delays a way in (R10).
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Ec2Instance } from "../aws/instances.ts";
import { bringIn, type Errand, ErrandError, takeOut, undo, type World } from "./act.ts";
import type { Activity, Journal } from "./journal.ts";

/** An activity that is being carried out. */
interface Running {
  readonly activity: Activity;
  readonly cancel: AbortController;
  /** StopInstances was called or is about to be: there is no taking back. */
  committed: boolean;
  /** The activity as it ended; undefined if it was left unfinished. Never rejects. */
  readonly ended: Promise<Activity | undefined>;
}

/** Why an activity is given up for another one. */
class Overtaken extends Error {}

const log = getLogger(["kas", "activity"]);

/** Carries activities out; disposing of it leaves those under way on record, for {@linkcode recover} to go on with. */
export class Activities implements AsyncDisposable {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #running = new Map<number, Running>();
  readonly #stop = new AbortController();

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /**
   * Begins an activity.
   *
   * @param seen the instances as the decision saw them
   * @returns the activity as it ended, undefined if it was left unfinished
   */
  begin(activity: Activity, seen: readonly Ec2Instance[] = []): Promise<Activity | undefined> {
    const cancel = new AbortController();
    const running: Running = {
      activity,
      cancel,
      committed: false,
      // In a turn of its own, when it can already be found.
      ended: Promise.resolve().then(() =>
        this.#carryOut(running, seen.find(({ id }) => id === activity.instance))
      )
        .finally(() => this.#running.delete(activity.id)),
    };
    this.#running.set(activity.id, running);
    return running.ended;
  }

  /** Goes on with what an earlier run left unfinished (R13): each way is entered again at the step that the world is in. */
  recover(): void {
    for (const activity of this.#journal.unfinished()) {
      log.info("goes on with what was left unfinished", {
        activity: activity.id,
        kind: activity.kind,
        instance: activity.instance,
      });
      void this.begin(activity);
    }
  }

  /** Ends every wait, and waits for the calls under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #carryOut(running: Running, seen: Ec2Instance | undefined): Promise<Activity | undefined> {
    const { activity, cancel } = running;
    const { now } = this.#world.clock;
    const signal = AbortSignal.any([this.#stop.signal, cancel.signal]);
    const errand = {
      world: this.#world,
      journal: this.#journal,
      activity: activity.id,
      id: activity.instance,
      seen,
      signal,
    };
    try {
      const ended = activity.kind === "start"
        ? await this.#start(activity, errand)
        : await this.#takeOut(running, errand);
      const { id, kind, instance, state, reason } = ended;
      log[state === "failed" ? "error" : "info"](`${kind} ${state}`, { activity: id, instance, reason });
      return ended;
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      const overtaken = cancel.signal.reason instanceof Overtaken;
      const reason = text(overtaken ? cancel.signal.reason : error);
      log[overtaken ? "info" : "error"]("an activity broke off", { activity: activity.id, reason });
      try {
        return this.#journal.end(activity, overtaken ? "cancelled" : "failed", reason, now());
      } catch (error) {
        // It stays unfinished, to be gone on with at the next start.
        log.error("cannot write the journal", { activity: activity.id, reason: text(error) });
        return undefined;
      }
    }
  }

  /** Brings one of the candidates in; those that fail are undone while the next is tried already (R7). */
  async #start(begun: Activity, first: Errand): Promise<Activity> {
    const { now } = this.#world.clock;
    const failures: string[] = [];
    const undoing = this.#journal.steps(begun.id)
      .filter(({ step, ended }) => step === "undone" && ended === undefined)
      .map(({ instance }) => this.#undo({ ...first, id: instance }, "left half undone", true));
    let activity = begun;
    let errand = first;
    while (true) {
      // What was seen before the stop ended is out of date.
      if (await this.#overtakeStopOf(errand.id, begun)) errand = { ...errand, seen: undefined };
      try {
        await bringIn(errand);
        await this.#undone(undoing);
        return this.#journal.end(activity, "done", [begun.reason, ...failures].join("; "), now());
      } catch (error) {
        if (!(error instanceof ErrandError)) throw error;
        log.warn("a candidate failed", { activity: begun.id, instance: errand.id, reason: error.message });
        failures.push(error.message);
        undoing.push(this.#undo(errand, error.message, error.blame));
      }
      const next = this.#journal.turn(activity);
      if (next === undefined) {
        await this.#undone(undoing);
        return this.#journal.end(activity, "failed", failures.join("; "), now());
      }
      activity = next;
      errand = { ...errand, id: next.instance, seen: undefined };
    }
  }

  async #takeOut(running: Running, errand: Errand): Promise<Activity> {
    const { activity } = running;
    const { now } = this.#world.clock;
    try {
      await takeOut(errand, () => running.committed = true);
      return this.#journal.end(activity, "done", activity.reason, now());
    } catch (error) {
      if (!(error instanceof ErrandError)) throw error;
      return this.#journal.end(activity, "failed", error.message, now());
    }
  }

  /** A stop that is under way gives way to the start of its instance: before StopInstances at once, after it when it is done. */
  async #overtakeStopOf(instance: string, by: Activity): Promise<boolean> {
    let found = false;
    for (const { activity, cancel, committed, ended } of this.#running.values()) {
      if (activity.kind !== "stop" || activity.instance !== instance) continue;
      if (!committed) cancel.abort(new Overtaken(`${instance} is taken back by activity ${by.id}`));
      await ended;
      found = true;
    }
    return found;
  }

  /** Waits for what is being undone; what the end of the service cut short leaves its activity unfinished. */
  async #undone(undoing: readonly Promise<void>[]): Promise<void> {
    await Promise.all(undoing);
    this.#stop.signal.throwIfAborted();
  }

  /** Undoes as far as it can; what it can't is said, and no reason to give the activity up. */
  async #undo(errand: Errand, reason: string, blame: boolean): Promise<void> {
    try {
      await undo(errand, reason, blame);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.error("a failed start is not undone", {
        activity: errand.activity,
        instance: errand.id,
        reason: text(error),
      });
    }
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
