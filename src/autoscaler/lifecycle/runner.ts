/**
 * The activities in progress. Each one carries out a decision on its own, so that decisions never wait for EC2 (R12), and scaling
 * in never delays scaling out (R10).
 *
 * @module
 */
import { describeError } from "../../aws/error_messages.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { DIRECTION } from "../../scaling/model/activity.ts";
import { sentences } from "../../scaling/words.ts";
import { traced } from "../control/trace.ts";
import { pauses } from "../backoff.ts";
import type { Events } from "../options.ts";
import type { Activity, PlacedActivity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type PhaseDuration, phaseDurations } from "../store/phases.ts";
import {
  type ActivityContext,
  ActivityError,
  type Environment,
  logOf,
  sentence,
} from "./activity_context.ts";
import { startFirst } from "./candidates.ts";
import { noteFirstRequest } from "./first_request.ts";
import { deleteInstanceAlarms } from "./instance_alarms.ts";
import { launch } from "./launch.ts";
import { Rollbacks } from "./rollback.ts";
import { scaleIn } from "./scale_in.ts";

/** An activity in progress. */
interface Running {
  /** The activity as it was started. */
  readonly activity: Activity;
  readonly cancel: AbortController;
  /** Whether StopInstances or TerminateInstances was called or is about to be, so that it cannot be cancelled. */
  committed: boolean;
  /** The activity as it ended; undefined if it was left unfinished. Never rejects. */
  readonly ended: Promise<Activity | undefined>;
}

/** Why an activity is cancelled in favour of another one. */
class Superseded extends Error {}

/** What an activity is, in the log's words. */
const EVENT: Readonly<Record<Activity["kind"], string>> = {
  start: "instance started",
  launch: "instance launched",
  stop: "instance stopped",
  terminate: "instance terminated",
};

/** Carries out activities. Disposing of it leaves those in progress in the journal, where {@linkcode resume} finds them. */
export class ActivityRunner implements AsyncDisposable {
  readonly #environment: Environment;
  readonly #journal: Journal;
  readonly #events: Events;
  readonly #running = new Map<number, Running>();
  /** First requests that are awaited. Never rejects. */
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
   * @param seen the instances as the decision has seen them
   * @returns the activity as it ended; undefined if it was left unfinished
   */
  begin(activity: Activity, seen: readonly Ec2Instance[] = []): Promise<Activity | undefined> {
    return this.#begin(activity, seen.find(({ id }) => id === activity.instance), false);
  }

  /** Resumes what an earlier run left unfinished (R13): each activity continues at the step that the instance is at. */
  resume(): void {
    for (const activity of this.#journal.unfinished()) {
      const { kind, instance } = activity;
      logOf(activity).info("activity resumed", { kind, instance });
      const steps = this.#journal.steps(activity.id);
      const committed = steps.some(({ step }) => step === "stopping" || step === "terminating");
      void this.#begin(activity, undefined, committed);
    }
  }

  /** Ends every wait, and waits for the requests in progress. */
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
      // It begins after it was added to #running, so that it can be found there.
      ended: Promise.resolve()
        .then(() => traced(activity.kind, attributes(activity), () => this.#runToEnd(running, seen)))
        .finally(() => this.#running.delete(activity.id)),
    };
    this.#running.set(activity.id, running);
    return running.ended;
  }

  /** Attempts an activity until its end is in the journal. An attempt can fail within kas, for example because the disk is full. */
  async #runToEnd(running: Running, seen: Ec2Instance | undefined): Promise<Activity | undefined> {
    const { id } = running.activity;
    let current: Activity | undefined = running.activity;
    let observed = seen;
    for (const pause of pauses(this.#clock, this.#stop.signal)) {
      try {
        // The failed attempt may have changed its candidate, or ended it.
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
        return await this.#scaleIn(running, kind, { ...context, id });
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
   * Ends whatever else is in progress at an instance that is to be started. It cancels scaling in, or waits for its end once the
   * instance is being stopped, and it waits for a rollback. Returns whether anything was in progress.
   */
  async #clear(instance: string, by: Activity): Promise<boolean> {
    const waits: (Promise<unknown> | undefined)[] = [this.#rollbacks.of(instance)];
    for (const { activity, cancel, committed, ended } of this.#running.values()) {
      if (DIRECTION[activity.kind] !== "in" || activity.instance !== instance) continue;
      if (!committed) cancel.abort(new Superseded(`Activity ${by.id} starts ${instance} again.`));
      waits.push(ended);
    }
    await Promise.all(waits);
    return waits.some((wait) => wait !== undefined);
  }

  /** Notes the first request that an instance answers after its start. One that was still running answered requests before. */
  #awaitFirstRequest(activity: Activity, instance: Ec2Instance): void {
    const { address, runtime, tuning } = this.#environment;
    const host = address(instance);
    const steps = this.#journal.steps(activity.id).filter((step) => step.instance === instance.id);
    const inService = steps.findLast(({ step }) => step === "in-service")?.ended;
    if (host === undefined || inService === undefined || !steps.some(({ step }) => step === "running")) {
      return;
    }
    const noted = noteFirstRequest({
      journal: this.#journal,
      log: logOf(activity),
      activity: activity.id,
      instance: instance.id,
      host,
      inService,
      timeout: tuning().startTimeout,
      runtime,
      signal: this.#stop.signal,
    }).then((seconds) => {
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

  /** How long the phases of an activity took, except for the first request, which comes later. */
  #durations(ended: Activity): readonly PhaseDuration[] {
    try {
      const line = this.#journal.line(ended, this.#clock.now());
      return line === undefined ? [] : phaseDurations(line).filter(({ phase }) => phase !== "first-request");
    } catch (error) {
      // The activity has ended all the same.
      logOf(ended).error("could not read the journal", { reason: describeError(error).message });
      return [];
    }
  }

  get #clock() {
    return this.#environment.runtime.clock;
  }
}

function attributes({ id, instance, message }: Activity) {
  return {
    "kas.activity": id,
    ...(instance === undefined ? {} : { "kas.instance": instance }),
    ...(message === undefined ? {} : { "kas.message_id": message }),
  };
}
