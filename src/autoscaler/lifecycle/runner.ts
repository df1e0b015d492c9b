/**
 * The activities under way: each carries out one decision on its own time, so that decisions never wait for EC2 (R12) and
 * a way out never delays a way in (R10).
 *
 * @module
 */
import { isInsufficientCapacity } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { DIRECTION } from "../../scaling/model/activity.ts";
import { scaleIn, scaleOut } from "./ways.ts";
import { type ActivityContext, ActivityError, type Environment, logOf } from "./activity_context.ts";
import { noteFirstRequest } from "./first_request.ts";
import type { Activity, PlacedActivity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import type { Cause } from "../store/steps.ts";
import { launch } from "./launch.ts";
import type { Metrics } from "../http/metrics.ts";
import { type PhaseDuration, phaseDurations } from "../store/phases.ts";
import { traced } from "../control/trace.ts";
import { rollBack } from "./rollback.ts";
import { createInstanceAlarms, deleteInstanceAlarms } from "./instance_alarms.ts";

/** An activity that is being carried out. */
interface Running {
  /** As it was begun. */
  readonly activity: Activity;
  readonly cancel: AbortController;
  /** StopInstances or TerminateInstances was called or is about to be: there is no taking back. */
  committed: boolean;
  /** The activity as it ended; undefined if it was left unfinished. Never rejects. */
  readonly ended: Promise<Activity | undefined>;
}

/** Who is told how activities went. */
export type Told = Pick<Metrics, "onActivityEnd" | "onPhases">;

/** Why an activity is given up for another one. */
class Overtaken extends Error {}

/** Pauses before going on with an activity that broke off, on a full disk for one: the first and the longest, ms. */
const PAUSE = { first: 100, longest: 5_000 };

/** Carries activities out; disposing of it leaves those under way on record, for {@linkcode resume} to go on with. */
export class ActivityRunner implements AsyncDisposable {
  readonly #world: Environment;
  readonly #journal: Journal;
  readonly #told: Told;
  readonly #running = new Map<number, Running>();
  /** What is being undone, by instance. Never rejects. */
  readonly #undoing = new Map<string, Promise<void>>();
  /** First requests that are looked for. Never rejects. */
  readonly #awaited = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(
    world: Environment,
    journal: Journal,
    told: Told = { onActivityEnd: () => {}, onPhases: () => {} },
  ) {
    this.#world = world;
    this.#journal = journal;
    this.#told = told;
  }

  /**
   * Begins an activity.
   *
   * @param seen the instances as the decision saw them
   * @returns the activity as it ended, undefined if it was left unfinished
   */
  begin(activity: Activity, seen: readonly Ec2Instance[] = []): Promise<Activity | undefined> {
    return this.#begin(activity, seen.find(({ id }) => id === activity.instance), false);
  }

  #begin(
    activity: Activity,
    seen: Ec2Instance | undefined,
    committed: boolean,
  ): Promise<Activity | undefined> {
    const cancel = new AbortController();
    const running: Running = {
      activity,
      cancel,
      committed,
      // In a turn of its own, when it can already be found.
      ended: Promise.resolve().then(() =>
        traced(activity.kind, attributes(activity), () => this.#carryOut(running, seen))
      )
        .finally(() => this.#running.delete(activity.id)),
    };
    this.#running.set(activity.id, running);
    return running.ended;
  }

  /** Goes on with what an earlier run left unfinished (R13): each way is entered again at the step that the world is in. */
  resume(): void {
    for (const activity of this.#journal.unfinished()) {
      const { kind, instance } = activity;
      logOf(activity).info("goes on with what was left unfinished", { kind, instance });
      const committed = this.#journal.steps(activity.id).some(({ step }) =>
        step === "stopping" || step === "terminating"
      );
      void this.#begin(activity, undefined, committed);
    }
  }

  /** Ends every wait, and waits for the calls under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await Promise.all(this.#undoing.values());
    await Promise.all(this.#awaited);
  }

  /** Whatever breaks it off, it is gone on with: only its end on record ends an activity. */
  async #carryOut(running: Running, seen: Ec2Instance | undefined): Promise<Activity | undefined> {
    const { id } = running.activity;
    let now: Activity | undefined = running.activity;
    for (let pause = PAUSE.first;; pause = Math.min(2 * pause, PAUSE.longest)) {
      try {
        // It may have turned to another candidate, or to its end.
        now ??= this.#journal.unfinished().find((it) => it.id === id);
        if (now === undefined) return undefined;
        const ended = await this.#attempt(running, now, seen);
        this.#tell(ended);
        return ended;
      } catch (error) {
        if (this.#stop.signal.aborted) return undefined;
        logOf(running.activity).error("an activity broke off and is gone on with", {
          reason: describeError(error).message,
        });
      }
      if (!await this.#paused(pause)) return undefined;
      now = undefined;
      seen = undefined;
    }
  }

  /** Tells how an activity ended, and how long its phases took. */
  #tell(ended: Activity): void {
    const { kind, instance, status, reason } = ended;
    const lengths = this.#lengths(ended);
    logOf(ended)[status === "failed" ? "error" : "info"](`${kind} ${status}`, {
      instance,
      reason,
      ...(lengths.length > 0 && {
        seconds: Object.fromEntries(lengths.map(({ phase, seconds }) => [phase, seconds])),
      }),
    });
    this.#told.onActivityEnd(ended);
    this.#told.onPhases(kind, lengths);
  }

  /** How long an activity's phases took, but for the first request, which is told when it comes. */
  #lengths(ended: Activity): readonly PhaseDuration[] {
    try {
      const line = this.#journal.line(ended, this.#world.clock.now());
      return line === undefined ? [] : phaseDurations(line).filter(({ phase }) => phase !== "first-request");
    } catch (error) {
      // It has ended all the same.
      logOf(ended).error("cannot read the journal", { reason: describeError(error).message });
      return [];
    }
  }

  async #attempt(running: Running, activity: Activity, seen: Ec2Instance | undefined): Promise<Activity> {
    const { cancel } = running;
    const errand = {
      environment: this.#world,
      journal: this.#journal,
      log: logOf(activity),
      activity: activity.id,
      seen,
      signal: AbortSignal.any([this.#stop.signal, cancel.signal]),
    };
    try {
      return await this.#carryOutAt(running, activity, errand);
    } catch (error) {
      const { reason } = cancel.signal;
      if (this.#stop.signal.aborted || !(reason instanceof Overtaken)) throw error;
      return this.#journal.end(activity, "cancelled", reason.message, this.#world.clock.now());
    }
  }

  async #carryOutAt(
    running: Running,
    activity: Activity,
    errand: Omit<ActivityContext, "id">,
  ): Promise<Activity> {
    const { instance } = activity;
    if (instance === undefined) return await this.#launch(activity, errand);
    const placed = { ...activity, instance };
    const at = { ...errand, id: instance };
    switch (activity.kind) {
      case "start":
        return await this.#start(placed, at);
      case "launch":
        return await this.#start(placed, { ...at, launched: true });
      case "stop":
      case "terminate":
        return await this.#takeOut(running, activity.kind, at);
    }
  }

  /** Launches an instance and brings it in. */
  async #launch(activity: Activity, errand: Omit<ActivityContext, "id">): Promise<Activity> {
    try {
      const seen = await launch(errand, activity);
      return await this.#start({ ...activity, instance: seen.id }, {
        ...errand,
        id: seen.id,
        seen,
        launched: true,
      });
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return this.#journal.end(activity, "failed", error.message, this.#world.clock.now());
    }
  }

  /** Brings one of the candidates in; those that fail are undone while the next is tried already (R7). */
  async #start(begun: PlacedActivity, first: ActivityContext): Promise<Activity> {
    const { now } = this.#world.clock;
    const failures: string[] = [];
    const undoing: Promise<void>[] = [];
    // What was given up before a crash stays so.
    let activity: PlacedActivity | undefined = begun;
    for (const { step, instance, ended, cause } of this.#journal.steps(begun.id)) {
      if (step !== "rolled-back" || cause === undefined || instance === undefined) continue;
      failures.push(cause.reason);
      if (ended === undefined) undoing.push(this.#undo({ ...first, id: instance }, cause));
      if (instance === begun.instance) activity = undefined;
    }
    let errand = first;
    while (activity !== undefined) {
      // What was seen before that ended is out of date.
      if (await this.#cleared(errand.id, begun)) errand = { ...errand, seen: undefined };
      try {
        const instance = await scaleOut(errand);
        await this.#undone(undoing);
        if (errand.launched) failures.push(...await createInstanceAlarms(errand));
        const ended = this.#journal.end(begun, "successful", [begun.reason, ...failures].join(" "), now());
        this.#awaitFirstRequest(ended, instance);
        return ended;
      } catch (error) {
        if (!(error instanceof ActivityError)) throw error;
        const { message: reason, blame } = error;
        errand.log.warn("a candidate failed", { instance: errand.id, reason });
        const remaining = isInsufficientCapacity(error.cause)
          ? await this.#otherZonesFirst(errand, activity.remaining)
          : activity.remaining;
        const touched = this.#journal.steps(begun.id).some(({ instance }) => instance === errand.id);
        activity = this.#journal.dropCandidate({ ...activity, remaining }, { reason, blame }, touched, now());
        failures.push(reason);
        if (touched) undoing.push(this.#undo(errand, { reason, blame }));
      }
      if (activity !== undefined) errand = { ...errand, id: activity.instance, seen: undefined };
    }
    await this.#undone(undoing);
    return this.#journal.end(begun, "failed", failures.join("; "), now());
  }

  /** Has the first request noted that an instance serves after its start; one that was taken back had served before. */
  #awaitFirstRequest(activity: Activity, instance: Ec2Instance): void {
    const { address, clock, startTimeout } = this.#world;
    const host = address(instance);
    const steps = this.#journal.steps(activity.id).filter((step) => step.instance === instance.id);
    const inService = steps.findLast(({ step }) => step === "in-service")?.ended;
    if (host === undefined || inService === undefined || !steps.some(({ step }) => step === "running")) {
      return;
    }
    const wanted = {
      journal: this.#journal,
      log: logOf(activity),
      activity: activity.id,
      instance: instance.id,
      host,
      inService,
      timeout: startTimeout,
      clock,
      signal: this.#stop.signal,
    };
    const noted = noteFirstRequest(wanted).then((seconds) => {
      if (seconds !== undefined) this.#told.onPhases(activity.kind, [{ phase: "first-request", seconds }]);
    });
    this.#awaited.add(noted);
    void noted.finally(() => this.#awaited.delete(noted));
  }

  async #takeOut(running: Running, kind: "stop" | "terminate", errand: ActivityContext): Promise<Activity> {
    const { activity } = running;
    const { now } = this.#world.clock;
    const failures: string[] = [];
    try {
      await scaleIn(errand, kind, () => running.committed = true);
      if (kind === "terminate") failures.push(...await deleteInstanceAlarms(errand));
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return this.#journal.end(activity, "failed", error.message, now());
    }
    return this.#journal.end(activity, "successful", [activity.reason, ...failures].join(" "), now());
  }

  /**
   * Has nothing else be at an instance: a stop that is under way gives way to its start, before StopInstances at once, after
   * it when it is done, and so does what is being undone. Tells whether there was any of it.
   */
  async #cleared(instance: string, by: Activity): Promise<boolean> {
    const waits: (Promise<unknown> | undefined)[] = [this.#undoing.get(instance)];
    for (const { activity, cancel, committed, ended } of this.#running.values()) {
      if (DIRECTION[activity.kind] !== "in" || activity.instance !== instance) continue;
      if (!committed) cancel.abort(new Overtaken(`${instance} is taken back by activity ${by.id}`));
      waits.push(ended);
    }
    await Promise.all(waits);
    return waits.some((wait) => wait !== undefined);
  }

  /** Where a zone lacks capacity for one instance it will hardly have it for the next. */
  async #otherZonesFirst(
    { environment: { aws, fleet }, log, id, signal }: ActivityContext,
    ids: readonly string[],
  ) {
    if (ids.length < 2) return ids;
    try {
      const all = await Array.fromAsync(fleetInstances(aws, fleet, signal));
      const zones = new Map(all.map((instance) => [instance.id, instance.zone]));
      const same = (other: string) => zones.get(other) === zones.get(id);
      return [...ids.filter((other) => !same(other)), ...ids.filter(same)];
    } catch (error) {
      signal.throwIfAborted();
      log.warn("cannot tell the zones of the candidates", {
        instance: id,
        reason: describeError(error).message,
      });
      return ids;
    }
  }

  /** Waits for what is being undone; what the end of the service cut short leaves its activity unfinished. */
  async #undone(undoing: readonly Promise<void>[]): Promise<void> {
    await Promise.all(undoing);
    this.#stop.signal.throwIfAborted();
  }

  /** Undoes a way in, once for all that ask. */
  #undo(errand: ActivityContext, cause: Cause): Promise<void> {
    const inProgress = this.#undoing.get(errand.id);
    if (inProgress !== undefined) return inProgress;
    const ended = this.#untilUndone(errand, cause).finally(() => this.#undoing.delete(errand.id));
    this.#undoing.set(errand.id, ended);
    return ended;
  }

  async #untilUndone(errand: ActivityContext, cause: Cause): Promise<void> {
    for (let pause = PAUSE.first;; pause = Math.min(2 * pause, PAUSE.longest)) {
      try {
        return await rollBack(errand, cause);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        errand.log.error("an undoing broke off and is gone on with", {
          instance: errand.id,
          reason: describeError(error).message,
        });
      }
      if (!await this.#paused(pause)) return;
    }
  }

  /** Waits so many ms; false if the service stops. */
  async #paused(ms: number): Promise<boolean> {
    await this.#world.clock.sleep(ms, this.#stop.signal).catch(() => {});
    return !this.#stop.signal.aborted;
  }
}

function attributes({ id, instance, message }: Activity) {
  return {
    "kas.activity": id,
    ...(instance === undefined ? {} : { "kas.instance": instance }),
    ...(message === undefined ? {} : { "kas.message_id": message }),
  };
}
