/**
 * What `kas autoscaler` runs for one fleet: the inbox, the control loop, the activities and the alerts. Each fleet has its own journal and
 * its own connections to AWS, so that a slow fleet does not delay another one.
 *
 * @module
 */
import { confirmSubscription } from "../aws/sns/topic.ts";
import { AlertStore } from "./alerts/alert_store.ts";
import { EmptyFleetWatch } from "./alerts/empty_fleet.ts";
import { AlertPoster } from "./alerts/post.ts";
import { AlertWatch } from "./alerts/watch.ts";
import { assemble, type Autoscaler, type AutoscalerRuntime } from "./assemble.ts";
import { ControlLoop } from "./control/loop.ts";
import type { Events, FleetOptions, Tuning } from "./assembly_options.ts";
import { logOverlaps } from "./control/schedule_windows.ts";
import { settingsOf } from "./flags/shown.ts";
import type { FleetParts, Identity } from "./http/endpoint.ts";
import type { FleetMetrics } from "./http/metrics/metrics.ts";
import type { OperatorParts } from "./http/operator/operator.ts";
import { statusPage } from "./http/page/page.ts";
import type { ObservationOutcome, Snapshot } from "./http/snapshot.ts";
import { status } from "./http/status.ts";
import { claimJournal } from "./store/folder/fleet_folders.ts";
import type { StateFolder } from "./store/folder/state_folder.ts";
import { Inbox } from "./store/inbox.ts";

/** What a fleet shares with the other fleets of its autoscaler. */
export interface FleetPlace {
  /** The folder of the journal. If the caller has already locked the folder, the locked folder. */
  readonly state: string | StateFolder;
  readonly identity: Pick<Identity, "version" | "started">;
  readonly isOneOfSeveral: boolean;
  readonly metrics: FleetMetrics;
  /** After how many ms the fleet first reconciles. */
  readonly firstReconcile: number;
}

/** A running fleet. Its disposal stops the control loop and the activities, and closes the journal. */
export interface FleetService extends AsyncDisposable {
  readonly fleet: string;
  readonly autoscaler: Autoscaler;
  readonly inbox: Inbox;
  readonly endpoint: FleetParts;
  readonly operator: OperatorParts;
  /** Sets the metrics that describe the present state of the fleet. */
  measure(): void;
  /** Replaces the settings. The new settings apply from the next decision and the next step of an activity. */
  tune(tuning: Tuning): void;
  /** Whether the control loop runs and the inbox can be read. Throws if the inbox cannot be read. */
  alive(): boolean;
}

/**
 * Starts a fleet.
 *
 * @throws {UnusableError} if another autoscaler uses the folder, or if kas cannot write to it
 */
export function startFleet(
  options: FleetOptions,
  place: FleetPlace,
  runtime: AutoscalerRuntime,
): FleetService {
  const { fleet: { fleet }, topicArn, dryRun, resubscribe } = options;
  const { metrics, identity: { version, started }, isOneOfSeveral } = place;
  const { clock } = runtime;
  const poster = new AlertPoster({ url: options.alertUrl, fleet, runtime });
  let lastObservation: ObservationOutcome | undefined;
  let desired: number | undefined;
  const events = merged(metrics, {
    onObservation: (outcome) => lastObservation = outcome,
    onDecision: ({ kind }, decision) => {
      desired = decision.desired ?? desired;
      empty.look(loop.observation);
      alerts.look({
        now: clock.now(),
        tuning: tuning(),
        observation: loop.observation,
        // The decision on a notification or a command does not say why kas does not restore the minimum.
        decision: kind === "notification" || kind === "operator" ? undefined : decision,
        observationError: lastObservation?.error,
      });
    },
    onActivityEnd: (activity) => loop.activityEnded(activity),
    onScrapes: () => loop.loadArrived(),
  }, options.events);

  using unfinished = new DisposableStack();
  const autoscaler = assemble({ ...options, state: place.state, events }, runtime);
  unfinished.defer(() => void autoscaler[Symbol.asyncDispose]());
  const { store, journal, aws, activities, telemetry, evaluation, tuning } = autoscaler;
  claimJournal(store.db, fleet);
  const empty = new EmptyFleetWatch(aws, fleet);
  const inbox = new Inbox(store);
  const alerts = new AlertWatch(clock, new AlertStore(store), (change) => poster.post(change));
  const loop = new ControlLoop({
    evaluation,
    inbox,
    clock,
    tuning,
    onDecision: events.onDecision,
    refreshed: (observation, now) => telemetry.refreshed(observation, now),
    topicArn,
    ...(topicArn !== undefined &&
      { confirm: (token, signal) => confirmSubscription(aws, topicArn, token, signal) }),
  });

  const snapshot = (): Snapshot => ({
    now: clock.now(),
    observation: loop.observation,
    desired,
    limits: tuning().limits,
    lastObservation,
    waiting: inbox.waiting(),
    oldest: inbox.oldest(),
    inProgress: journal.unfinished().map((activity) => ({
      activity,
      step: journal.steps(activity.id).findLast(({ ended }) => ended === undefined),
    })),
    paused: journal.operatorPauses.inForce(clock.now()),
    override: journal.overrides.inForce(clock.now()),
    scrapes: telemetry.scrapes,
    alerts: alerts.firing,
    bytes: store.size(),
  });
  const settings = () =>
    settingsOf({
      ...options,
      ...tuning(),
      state: typeof place.state === "string" ? place.state : place.state.path,
    });

  if (!dryRun) activities.resume();
  const stop = new AbortController();
  let ended = false;
  const running = loop.run(stop.signal, place.firstReconcile).finally(() => ended = true);
  logOverlaps(tuning(), clock.now());
  unfinished.move();
  return {
    fleet,
    autoscaler,
    inbox,
    endpoint: {
      fleet,
      topicArn,
      resubscribe,
      inbox,
      wake: () => loop.wake(),
      onMessage: (outcome, why) => metrics.onMessage(outcome, why),
      snapshot,
      status: () => ({
        fleet,
        version,
        started,
        ...status(snapshot(), Date.parse(started)),
        decisions: journal.lines(10, clock.now()),
        settings: settings(),
        schedules: tuning().schedules?.list ?? [],
      }),
      page: (messages) =>
        statusPage({
          fleet,
          isOneOfSeveral,
          version,
          started,
          snapshot: snapshot(),
          decisions: journal.lines(10, clock.now()).map((line) => ({
            line,
            checks: journal.checks(line.id),
          })),
          settings: settings(),
          messages,
        }),
      activities: (limit) => journal.lines(limit, clock.now()),
      decision: (wanted) => journal.read(wanted),
    },
    operator: {
      fleet,
      journal,
      synced: () => store.synced(),
      onRelease: () => loop.reconcileSoon(),
      evaluate: (trigger, isTrial) => loop.evaluateCommand(trigger, isTrial),
      observation: () => loop.observation,
      now: clock.now,
    },
    measure: () => metrics.update(snapshot()),
    tune: (to) => {
      autoscaler.tune(to);
      logOverlaps(to, clock.now());
      loop.wake();
    },
    alive: () => inbox.waiting() >= 0 && !ended,
    [Symbol.asyncDispose]: async () => {
      // Stop decisions first. Close the state last.
      stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
      await running;
      await poster[Symbol.asyncDispose]();
      await empty[Symbol.asyncDispose]();
      await autoscaler[Symbol.asyncDispose]();
    },
  };
}

/** Combines callbacks. Each event calls the callbacks of all listeners, in order. */
function merged(...all: readonly (Events | undefined)[]): Required<Events> {
  return {
    onRequest: (...event) => all.forEach((it) => it?.onRequest?.(...event)),
    onObservation: (...event) => all.forEach((it) => it?.onObservation?.(...event)),
    onDecision: (...event) => all.forEach((it) => it?.onDecision?.(...event)),
    onActivityEnd: (...event) => all.forEach((it) => it?.onActivityEnd?.(...event)),
    onScrapes: (...event) => all.forEach((it) => it?.onScrapes?.(...event)),
    onPhases: (...event) => all.forEach((it) => it?.onPhases?.(...event)),
  };
}
