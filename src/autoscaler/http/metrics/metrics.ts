/**
 * Counts events and returns the counts for `GET /metrics`, with the library prom-client. The values of labels are from fixed
 * lists: no label has the id of an instance, message or alarm. Every counter exists with the value 0 from the start, so that
 * Prometheus's rate() also shows the first increase.
 *
 * Source: Prometheus documentation, "Metric and label naming".
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Call, OUTCOMES } from "../../../aws/calls.ts";
import { pausesOf } from "../../../scaling/faults/pauses.ts";
import { activityOf } from "../../../scaling/model/activity.ts";
import { type Decision, kindOf } from "../../../scaling/model/decision.ts";
import { exists } from "../../../scaling/model/instance.ts";
import { FAULTS } from "../../../scaling/model/start_event.ts";
import type { Limits } from "../../../scaling/model/limits.ts";
import type { Trigger } from "../../../scaling/model/trigger.ts";
import { ALERT_NAMES } from "../../alerts/alert.ts";
import type { Activity } from "../../store/activities.ts";
import { TRIGGER_KINDS } from "../../store/names.ts";
import { type PhaseDuration, PHASES } from "../../store/phases.ts";
import { ProcessMetrics } from "./process_metrics.ts";
import { CALLS, CHECKS, MESSAGE_OUTCOMES, type MessageOutcome, ROLES } from "./labels.ts";
import {
  capacityStates,
  DISPLAYED_STATUSES,
  displayedStatus,
  type ObservationOutcome,
  type Snapshot,
} from "../snapshot.ts";

// The upper bounds of the histograms' buckets, in seconds. A phase of an activity may be as short as one call on loopback, and as
// long as the longest timeout.
const PHASE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OBSERVATION_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45];

/** What the metrics describe. */
export interface MetricsOptions {
  readonly fleet: string;
  /** The version of kas. */
  readonly version: string;
  /** When the process started, in ms since the epoch. */
  readonly started: number;
  /** Whether the autoscaler may launch and terminate instances. */
  readonly limits: Pick<Limits, "grow" | "shrink">;
}

/** Counts events, and returns the counts in Prometheus's text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #process: ProcessMetrics;
  /** The kinds of activities that can happen with the present settings. */
  readonly #kinds: readonly Activity["kind"][];
  readonly #messages = this.#counter("kas_messages_total", "SNS messages received, by outcome", [
    "outcome",
    "reason",
  ]);
  readonly #waiting = this.#gauge("kas_inbox_waiting", "Messages accepted and not yet processed");
  readonly #oldest = this.#gauge(
    "kas_inbox_oldest_seconds",
    "Age of the oldest message that is not yet processed",
  );
  readonly #decisions = this.#counter(
    "kas_decisions_total",
    "Decisions, by trigger and by the check that held an action back",
    ["kind", "trigger", "check"],
  );
  readonly #activities = this.#counter("kas_activities_total", "Activities that have ended", [
    "kind",
    "status",
  ]);
  readonly #inProgress = this.#gauge("kas_activities_in_progress", "Activities in progress", ["kind"]);
  readonly #phases = this.#histogram(
    "kas_activity_phase_seconds",
    "Duration of each phase of successful activities; a phase begins when the phase before it ends",
    PHASE_BUCKETS,
    ["kind", "phase"],
  );
  readonly #reaction = this.#histogram(
    "kas_activity_seconds",
    "Duration of successful activities since the alarm changed its state, or since the decision if a reconcile made it",
    PHASE_BUCKETS,
    ["kind"],
  );
  readonly #instances = this.#gauge(
    "kas_instances",
    "Instances of the fleet in the last observation, by lifecycle status",
    ["role", "status"],
  );
  readonly #pauses = this.#gauge(
    "kas_start_pauses",
    "Pauses of starts that are in force, by the fault that caused them",
    [
      "fault",
    ],
  );
  readonly #paused = this.#gauge(
    "kas_paused",
    "1 while an operator has paused scaling in a direction, otherwise 0",
    ["direction"],
  );
  readonly #override = this.#gauge(
    "kas_override",
    "1 while a capacity that an operator asked for applies, otherwise 0",
  );
  readonly #capacity = this.#gauge(
    "kas_capacity",
    "Capacity of the fleet in the last observation, the bounds in force, and unhealthy instances",
    ["state"],
  );
  readonly #alert = this.#gauge("kas_alert", "1 while an alert is firing, otherwise 0", ["name"]);
  readonly #observed = this.#gauge(
    "kas_last_observation_timestamp_seconds",
    "Time of the last complete observation of the fleet; 0 before the first",
  );
  readonly #observing = this.#histogram(
    "kas_observation_seconds",
    "Duration of observations of the fleet, including failed observations",
    OBSERVATION_BUCKETS,
  );
  readonly #failures = this.#counter(
    "kas_observation_failures_total",
    "Observations of the fleet that failed",
  );
  readonly #requests = this.#counter("kas_aws_requests_total", "Requests to AWS, including retries", [
    "service",
    "operation",
    "outcome",
  ]);
  readonly #retries = this.#counter("kas_aws_retries_total", "Retries of requests to AWS", [
    "service",
    "operation",
  ]);
  readonly #duration = this.#histogram(
    "kas_aws_request_seconds",
    "Duration of requests to AWS",
    CALL_BUCKETS,
    ["service", "operation"],
  );
  readonly #bytes = this.#gauge("kas_journal_bytes", "Size of the journal and the inbox");

  constructor({ fleet, version, started, limits: { grow, shrink } }: MetricsOptions) {
    this.#registry.setDefaultLabels({ fleet });
    this.#process = new ProcessMetrics(version, started);
    this.#kinds = [
      "start",
      ...(grow === undefined ? [] : ["launch"] as const),
      "stop",
      ...(shrink === "terminate" ? [shrink] : []),
    ];
    this.#initialize();
  }

  /** Called when the endpoint has received a message. */
  onMessage(outcome: MessageOutcome, reason: string): void {
    this.#messages.inc({ outcome, reason });
  }

  /** Called when kas has made a decision. */
  onDecision({ kind: trigger }: Trigger, decision: Decision): void {
    const kind = kindOf(decision);
    // A decision with actions may hold others back. The next decision then names the check.
    const [check = ""] = kind === "none" ? decision.checks : [];
    this.#decisions.inc({ kind, trigger, check });
  }

  /** Called when an activity has ended. */
  onActivityEnd({ kind, status }: Activity): void {
    this.#activities.inc({ kind, status });
  }

  /** Called when phases of an activity have ended, with their durations. */
  onPhases(kind: Activity["kind"], phases: readonly PhaseDuration[]): void {
    for (const { phase, seconds } of phases) {
      if (phase === "total") this.#reaction.observe({ kind }, seconds);
      else this.#phases.observe({ kind, phase }, seconds);
    }
  }

  /** Called when an observation of the fleet has ended. */
  onObservation({ at, seconds, error }: ObservationOutcome): void {
    this.#observing.observe(seconds);
    if (error === undefined) this.#observed.set(at / 1_000);
    else this.#failures.inc();
  }

  /** Called when a request to AWS has ended. */
  onRequest({ service, operation, outcome, seconds, retry }: Call): void {
    this.#requests.inc({ service, operation, outcome });
    this.#duration.observe({ service, operation }, seconds);
    if (retry) this.#retries.inc({ service, operation });
  }

  /** Returns all metrics in Prometheus's text format. */
  async exposition(snapshot: Snapshot): Promise<{ readonly type: string; readonly text: string }> {
    const { now, observation, waiting, oldest, inProgress, paused, override, alerts, bytes } = snapshot;
    this.#waiting.set(waiting);
    this.#oldest.set(oldest === undefined ? 0 : Math.max(0, now - oldest) / 1_000);
    for (const kind of this.#kinds) {
      this.#inProgress.set({ kind }, inProgress.filter(({ activity }) => activity.kind === kind).length);
    }
    for (const [state, count] of Object.entries(capacityStates(snapshot))) {
      this.#capacity.set({ state }, count);
    }
    const activity = observation === undefined ? () => undefined : activityOf(observation);
    const counts = Map.groupBy(
      (observation?.instances ?? []).filter(exists),
      (instance) => `${instance.role} ${displayedStatus(instance, activity(instance.id))}`,
    );
    for (const role of ROLES) {
      for (const status of DISPLAYED_STATUSES) {
        this.#instances.set({ role, status }, counts.get(`${role} ${status}`)?.length ?? 0);
      }
    }
    const pauses = observation === undefined ? [] : pausesOf({ ...observation, now }).all;
    for (const fault of FAULTS) {
      this.#pauses.set({ fault }, pauses.filter((pause) => pause.fault === fault).length);
    }
    for (const direction of ["out", "in"] as const) {
      this.#paused.set({ direction }, paused?.[direction] === undefined ? 0 : 1);
    }
    this.#override.set(override === undefined ? 0 : 1);
    const firing = new Set(alerts.map(({ name }) => name));
    for (const name of ALERT_NAMES) this.#alert.set({ name }, firing.has(name) ? 1 : 0);
    this.#bytes.set(bytes);
    const texts = await Promise.all([this.#registry.metrics(), this.#process.exposition()]);
    return { type: this.#registry.contentType, text: texts.join("\n") };
  }

  #initialize(): void {
    for (const [outcome, reasons] of Object.entries(MESSAGE_OUTCOMES)) {
      for (const reason of reasons) this.#messages.inc({ outcome, reason }, 0);
    }
    for (const kind of [...this.#kinds, "none"] as const) {
      for (const trigger of TRIGGER_KINDS) {
        for (const check of kind === "none" ? CHECKS : [""]) this.#decisions.inc({ kind, trigger, check }, 0);
      }
    }
    for (const kind of this.#kinds) {
      for (const status of ["successful", "failed", "cancelled"]) this.#activities.inc({ kind, status }, 0);
      // The first phase has no duration, because the measurement starts at its end.
      for (const phase of PHASES[kind].slice(1)) this.#phases.zero({ kind, phase });
      this.#reaction.zero({ kind });
    }
    for (const [service, operations] of Object.entries(CALLS)) {
      for (const operation of operations) {
        for (const outcome of OUTCOMES) this.#requests.inc({ service, operation, outcome }, 0);
        this.#retries.inc({ service, operation }, 0);
        this.#duration.zero({ service, operation });
      }
    }
  }

  #counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ): Histogram<L> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }
}
