/**
 * Runs activities concurrently. So a decision never waits until EC2 has started or stopped an instance (R12), and scaling in never
 * delays scaling out (R10).
 *
 * @module
 */
import { describeError } from "../../aws/error_messages.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { DIRECTION } from "../../scaling/model/activity.ts";
import { sentences } from "../../scaling/words.ts";
import { traced } from "../control/trace.ts";
import { pauses } from "../backoff.ts";
import type { Events } from "../assembly_options.ts";
import type { Activity, PlacedActivity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type PhaseDuration, phaseDurations } from "../store/phases.ts";
import {
  type ActivityContext,
  ActivityError,
  attributesOf,
  type Environment,
  logOf,
  sentence,
} from "./activity_context.ts";
import { startFirst } from "./candidates.ts";
import { endDamaged } from "./faults/damaged.ts";
import { noteFirstRequest, startOf } from "./first_request.ts";
import { deleteInstanceAlarms } from "./instance_alarms.ts";
import { launch } from "./launch.ts";
import { Rollbacks } from "./rollback.ts";
import { scaleIn } from "./scale_in.ts";

/** An activity in progress. */
interface Running {
  /** The activity as it was when it began. */
  readonly activity: Activity;
  readonly cancel: AbortController;
  /** Whether kas sends or has sent StopInstances or TerminateInstances. kas can then not cancel the activity. */
  committed: boolean;
  /** Resolves with the ended activity, or with undefined if the autoscaler stopped before the activity ended. Never rejects. */
  readonly ended: Promise<Activity | undefined>;
}

/** The reason of a cancelled activity: another activity at its instance does the opposite. */
class Superseded extends Error {}

/** The log events of successful activities. */
const EVENT: Readonly<Record<Activity["kind"], string>> = {
  start: "instance started",
  launch: "instance launched",
  stop: "instance stopped",
  terminate: "instance terminated",
};

/** Runs activities. Its disposal interrupts them. {@linkcode resume} continues them from the journal. */
export class ActivityRunner implements AsyncDisposable {
  readonly #environment: Environment;
  readonly #journal: Journal;
  readonly #events: Events;
  readonly #running = new Map<number, Running>();
  /** Promises that wait for the first requests of started instances. They never reject. */
  readonly #firstRequests = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #rollbacks: Rollbacks;

  constructor(environment: Environment, journal: Journal, events: Events = {}) {
    this.#environment = environment;
    this.#journal = journal;
    this.#events = events;
    this.#rollbacks = new Rollbacks(environment.runtime.clock, this.#stop.signal);
  }

  /**
   * Starts an activity.
   *
   * @param seen the instances in the observation of the decision
   * @returns the ended activity, or undefined if the autoscaler stopped before the activity ended
   */
  begin(activity: Activity, seen: readonly Ec2Instance[] = []): Promise<Activity | undefined> {
    return this.#begin(activity, seen.find(({ id }) => id === activity.instance), false);
  }

  /** Resumes the unfinished activities in the journal after a restart (R13). Each continues with its first open step. */
  resume(): void {
    for (const activity of this.#journal.unfinished()) {
      const { kind, instance } = activity;
      logOf(activity).info("activity resumed", { kind, instance });
      const steps = this.#journal.steps(activity.id);
      const committed = steps.some(({ step }) => step === "stopping" || step === "terminating");
      void this.#begin(activity, undefined, committed);
    }
  }

  /**
   * Ends the activities whose rows in the journal are damaged, as the function {@linkcode endDamaged} describes.
   *
   * @throws {Error} if kas is still carrying one of them out
   */
  endDamaged(): void {
    endDamaged(this.#journal, (id) => this.#running.has(id), this.#clock.now());
  }

  /** Interrupts all activities when they next wait, and waits until their requests in progress have completed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await this.#rollbacks.ended();
    await Promise.all(this.#firstRequests);
  }

  #begin(
    activity: Activity,
    seen: Ec2Instance | undefined,
    committed: boolean,
  ): Promise<Activity | undefined> {
    const running: Running = {
      activity,
      cancel: new AbortController(),
      committed,
      // Begin in a later turn, when #running contains the activity: other activities look for it there.
      ended: Promise.resolve()
        .then(() => traced(activity.kind, attributesOf(activity), () => this.#runToEnd(running, seen)))
        .finally(() => this.#running.delete(activity.id)),
    };
    this.#running.set(activity.id, running);
    return running.ended;
  }

  /** Carries an activity out until the journal has its end. Tries again after an error in kas itself, for example a full disk. */
  async #runToEnd(running: Running, seen: Ec2Instance | undefined): Promise<Activity | undefined> {
    const { id } = running.activity;
    let current: Activity | undefined = running.activity;
    let observed = seen;
    for (const pause of pauses(this.#clock, this.#stop.signal)) {
      try {
        // The failed attempt may have changed the candidate of the activity, or ended the activity.
        current ??= this.#journal.unfinished().find((it) => it.id === id);
        if (current === undefined) return undefined;
        const ended = await this.#attempt(running, current, observed);
        this.#report(ended);
        return ended;
      } catch (error) {
        if (this.#stop.signal.aborted) return undefined;
        logOf(running.activity).error("activity attempt failed", { reason: describeError(error).message });
      }
      if (!await pause()) return undefined;
      current = undefined;
      observed = undefined;
    }
    return undefined;
  }

  async #attempt(running: Running, activity: Activity, seen: Ec2Instance | undefined): Promise<Activity> {
    const { cancel } = running;
    const context = {
      environment: this.#environment,
      journal: this.#journal,
      log: logOf(activity),
      activity: activity.id,
      seen,
      signal: AbortSignal.any([this.#stop.signal, cancel.signal]),
    };
    try {
      return await this.#carryOut(running, activity, context);
    } catch (error) {
      const { reason } = cancel.signal;
      if (this.#stop.signal.aborted || !(reason instanceof Superseded)) throw error;
      // A rollback of an earlier candidate continues after a restart only while the activity has not ended.
      await this.#rollbacks.endedIn(this.#journal.steps(activity.id));
      return this.#journal.end(activity, "cancelled", reason.message, this.#clock.now());
    }
  }

  async #carryOut(
    running: Running,
    activity: Activity,
    context: Omit<ActivityContext, "id">,
  ): Promise<Activity> {
    const { kind, instance: id } = activity;
    if (id === undefined) return await this.#launch(activity, context);
    const placed = { ...activity, instance: id };
    switch (kind) {
      case "start":
        return await this.#start(placed, { ...context, id });
      case "launch":
        return await this.#start(placed, { ...context, id, launched: true });
      case "stop":
      case "terminate":
        return await this.#scaleIn(running, kind, { ...context, id, unhealthy: activity.unhealthy });
    }
  }

  /** Launches an instance and puts it into service. */
  async #launch(activity: Activity, context: Omit<ActivityContext, "id">): Promise<Activity> {
    try {
      const seen = await launch(context, activity);
      const placed = { ...activity, instance: seen.id };
      return await this.#start(placed, { ...context, id: seen.id, seen, launched: true });
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return this.#journal.end(activity, "failed", sentence(error.message), this.#clock.now());
    }
  }

  #start(activity: PlacedActivity, context: ActivityContext): Promise<Activity> {
    const parts = {
      journal: this.#journal,
      rollbacks: this.#rollbacks,
      clear: (instance: string, by: Activity) => this.#clear(instance, by),
      onInService: (ended: Activity, instance: Ec2Instance) => this.#awaitFirstRequest(ended, instance),
    };
    return startFirst(parts, activity, context);
  }

  async #scaleIn(running: Running, kind: "stop" | "terminate", context: ActivityContext): Promise<Activity> {
    const { activity } = running;
    const failures: string[] = [];
    await this.#cancelStart(context.id, activity);
    try {
      await scaleIn(context, kind, () => running.committed = true);
      if (kind === "terminate") failures.push(...await deleteInstanceAlarms(context));
    } catch (error) {
      if (!(error instanceof ActivityError)) throw error;
      return this.#journal.end(activity, "failed", sentence(error.message), this.#clock.now());
    }
    const reason = sentences(activity.reason, ...failures);
    return this.#journal.end(activity, "successful", reason, this.#clock.now());
  }

  /**
   * Ends earlier activities at an instance before its start. Cancels a scale-in, or waits for its end if EC2 already stops the
   * instance. Waits for rollbacks. Returns whether anything was in progress.
   */
  async #clear(instance: string, by: Activity): Promise<boolean> {
    const waits: (Promise<unknown> | undefined)[] = [this.#rollbacks.of(instance)];
    for (const { activity, cancel, committed, ended } of this.#running.values()) {
      const isEarlier = DIRECTION[activity.kind] === "in" && activity.id < by.id;
      if (!isEarlier || activity.instance !== instance) continue;
      if (!committed) cancel.abort(new Superseded(`Activity ${by.id} starts ${instance} again.`));
      waits.push(ended);
    }
    await Promise.all(waits);
    return waits.some((wait) => wait !== undefined);
  }

  /** Cancels the earlier start of an instance that another activity stops, because the fleet no longer needs it (R21). */
  async #cancelStart(instance: string, by: Activity): Promise<void> {
    for (const { activity, cancel, ended } of this.#running.values()) {
      const current = this.#journal.unfinished().find(({ id }) => id === activity.id);
      const isEarlier = DIRECTION[activity.kind] === "out" && activity.id < by.id;
      if (!isEarlier || current?.instance !== instance) continue;
      cancel.abort(new Superseded(`Activity ${by.id} stops ${instance}: the fleet no longer needs it.`));
      await ended;
    }
  }

  /** Writes to the journal when a started instance answers its first request. Does nothing for an instance that already ran. */
  #awaitFirstRequest(activity: Activity, instance: Ec2Instance): void {
    const start = startOf(this.#environment, this.#journal, activity, instance);
    if (start === undefined) return;
    const noted = noteFirstRequest({ ...start, signal: this.#stop.signal }).then((seconds) => {
      if (seconds === undefined) return;
      this.#events.onPhases?.(activity.kind, [{ phase: "first-request", seconds }]);
    });
    this.#firstRequests.add(noted);
    void noted.finally(() => this.#firstRequests.delete(noted));
  }

  /** Logs how an activity ended and how long its phases took. */
  #report(ended: Activity): void {
    const { kind, instance, status, reason } = ended;
    const durations = this.#durations(ended);
    const event = status === "successful" ? EVENT[kind] : `${kind} ${status}`;
    logOf(ended)[status === "failed" ? "error" : "info"](event, {
      instance,
      reason,
      ...(durations.length > 0 && {
        seconds: Object.fromEntries(durations.map(({ phase, seconds }) => [phase, seconds])),
      }),
    });
    this.#events.onActivityEnd?.(ended);
    this.#events.onPhases?.(kind, durations);
  }

  /** Returns the durations of an activity's phases, without `first-request`, which ends later. */
  #durations(ended: Activity): readonly PhaseDuration[] {
    try {
      const line = this.#journal.line(ended, this.#clock.now());
      return line === undefined ? [] : phaseDurations(line).filter(({ phase }) => phase !== "first-request");
    } catch (error) {
      // The activity has ended. Only its durations are missing.
      logOf(ended).error("could not read the journal", { reason: describeError(error).message });
      return [];
    }
  }

  get #clock() {
    return this.#environment.runtime.clock;
  }
}
