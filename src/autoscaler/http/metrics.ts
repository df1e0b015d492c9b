/**
 * What `GET /metrics` tells, by prom-client. Names and units are Prometheus's, labels are words of a fixed list: never an
 * instance's, a message's or an alarm's name. Counters begin at 0, so that rate() works from the start.
 *
 * Source: Prometheus documentation, "Metric and label naming".
 *
 * @module
 */
import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type Call, OUTCOMES } from "../../aws/calls.ts";
import type { Trigger } from "../../scaling/model/trigger.ts";
import type { CheckName, Decision } from "../../scaling/model/decision.ts";
import { activityOf } from "../../scaling/model/activity.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { maxCapacity, minCapacity } from "../../scaling/model/capacity.ts";
import { exists, type Role } from "../../scaling/model/instance.ts";
import type { Activity } from "../store/activities.ts";
import { type PhaseDuration, PHASES } from "../store/phases.ts";
import { DISPLAYED_STATUSES, displayedStatus, type ObservationOutcome, type Snapshot } from "./snapshot.ts";

/** What becomes of a message that is posted, and of one that is not taken the check that it failed. */
export const MESSAGE_OUTCOMES = {
  accepted: [""],
  duplicate: [""],
  unsubscribed: [""],
  refused: [
    "form",
    "size",
    "TopicArn",
    "Timestamp",
    "SignatureVersion",
    "SigningCertURL",
    "Certificate",
    "Signature",
  ],
  failed: ["body", "Certificate", "store", "error"],
} as const;

/** What becomes of a message that is posted. */
export type MessageOutcome = keyof typeof MESSAGE_OUTCOMES;

/** The checks that can hold a recommendation back; "" without one. */
const CHECKS: readonly (CheckName | "")[] = [
  "",
  "not-newest",
  "cooldown",
  "max-capacity",
  "no-standby",
  "out-beats-in",
  "warm-up",
  "no-candidate",
  "min-capacity",
  "projected-load",
];

/** The requests that an autoscaler makes. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  EC2: [
    "CreateTags",
    "DescribeInstances",
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
  ],
  ElasticLoadBalancing: [
    "DeregisterInstancesFromLoadBalancer",
    "DescribeInstanceHealth",
    "RegisterInstancesWithLoadBalancer",
  ],
  ElasticLoadBalancingV2: ["DeregisterTargets", "DescribeTargetHealth", "RegisterTargets"],
  CloudWatch: ["DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm"],
  SNS: ["ConfirmSubscription"],
};

const ROLES: readonly Role[] = ["base", "control", "node"];

/** Upper bounds of the histograms' buckets, s: the phases from one call on loopback to the longest timeout. */
const PHASE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LOOK_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45];

/** Counts what happens, and tells of it. */
export class Metrics {
  readonly #registry = new Registry();
  /** The kinds of activity that may come. */
  readonly #kinds: readonly Activity["kind"][];
  readonly #messages = this.#counter("kas_messages_total", "SNS messages posted, by what became of them", [
    "outcome",
    "reason",
  ]);
  readonly #waiting = this.#gauge("kas_inbox_waiting", "Messages accepted and not yet dealt with");
  readonly #oldest = this.#gauge("kas_inbox_oldest_seconds", "How long the oldest of them has waited");
  readonly #decisions = this.#counter(
    "kas_decisions_total",
    "Decisions, by their trigger and by the check that held the recommendation back",
    ["kind", "source", "check"],
  );
  readonly #activities = this.#counter("kas_activities_total", "Activities that ended", ["kind", "outcome"]);
  readonly #inProgress = this.#gauge("kas_activities_under_way", "Activities under way", ["kind"]);
  readonly #phases = this.#histogram(
    "kas_activity_phase_seconds",
    "How long each phase of an activity took that was done, from the end of the phase before it",
    PHASE_BUCKETS,
    ["kind", "phase"],
  );
  readonly #reaction = this.#histogram(
    "kas_activity_seconds",
    "How long an activity took that was done, from the alarm's breach, at a resync from the decision",
    PHASE_BUCKETS,
    ["kind"],
  );
  readonly #instances = this.#gauge(
    "kas_instances",
    "Instances of the fleet as last seen, by where they stand",
    [
      "role",
      "standing",
    ],
  );
  readonly #min = this.#gauge(
    "kas_instances_min",
    "Fewest instances in service (--min), or what it defaults to",
  );
  readonly #max = this.#gauge(
    "kas_instances_max",
    "Most instances in service (--max), or what it defaults to",
  );
  readonly #looked = this.#gauge(
    "kas_last_observation_timestamp_seconds",
    "When the fleet was last seen whole; 0 before the first time",
  );
  readonly #looks = this.#histogram(
    "kas_observation_seconds",
    "How long a look at the whole fleet took, failed ones included",
    LOOK_BUCKETS,
  );
  readonly #blind = this.#counter("kas_observation_failures_total", "Looks at the fleet that failed");
  readonly #requests = this.#counter("kas_aws_requests_total", "Requests to AWS, each retry by itself", [
    "service",
    "operation",
    "outcome",
  ]);
  readonly #retries = this.#counter("kas_aws_retries_total", "Those that repeated a failed one", [
    "service",
    "operation",
  ]);
  readonly #duration = this.#histogram(
    "kas_aws_request_seconds",
    "How long a request to AWS took",
    CALL_BUCKETS,
    ["service", "operation"],
  );
  readonly #bytes = this.#gauge("kas_journal_bytes", "Size of the journal and the inbox");
  readonly #build = this.#gauge("kas_build_info", "Always 1; the versions are its labels", [
    "version",
    "deno",
  ]);
  readonly #started = this.#gauge("process_start_time_seconds", "When the process started, since the epoch");
  readonly #memory = this.#gauge("process_resident_memory_bytes", "Resident memory");
  readonly #cpu = this.#counter("process_cpu_seconds_total", "CPU time, user and system");

  /**
   * @param version of kas
   * @param started ms since the epoch
   * @param limits whether it launches and terminates at all
   */
  constructor(version: string, started: number, { grow, shrink }: Pick<Limits, "grow" | "shrink"> = {}) {
    this.#kinds = [
      "start",
      ...(grow === undefined ? [] : ["launch"] as const),
      "stop",
      ...(shrink === "terminate" ? [shrink] : []),
    ];
    this.#build.set({ version, deno: Deno.version.deno }, 1);
    this.#started.set(started / 1_000);
    this.#beginAtZero();
  }

  /** A message was posted. */
  onMessage(outcome: MessageOutcome, reason: string): void {
    this.#messages.inc({ outcome, reason });
  }

  /** A decision was made. */
  onDecision({ kind: source }: Trigger, { kind, checks: [check] }: Decision): void {
    this.#decisions.inc({ kind, source, check: check ?? "" });
  }

  /** An activity ended. */
  onActivityEnd({ kind, status }: Activity): void {
    this.#activities.inc({ kind, outcome: status });
  }

  /** How long the phases of an activity took. */
  onPhases(kind: Activity["kind"], lengths: readonly PhaseDuration[]): void {
    for (const { phase, seconds } of lengths) {
      if (phase === "total") this.#reaction.observe({ kind }, seconds);
      else this.#phases.observe({ kind, phase }, seconds);
    }
  }

  /** The fleet was looked at. */
  onObservation({ at, seconds, error }: ObservationOutcome): void {
    this.#looks.observe(seconds);
    if (error === undefined) this.#looked.set(at / 1_000);
    else this.#blind.inc();
  }

  /** A request to AWS ended. */
  onRequest({ service, operation, outcome, seconds, retry }: Call): void {
    this.#requests.inc({ service, operation, outcome });
    this.#duration.observe({ service, operation }, seconds);
    if (retry) this.#retries.inc({ service, operation });
  }

  /** All of it, in Prometheus's text format. */
  async exposition(snapshot: Snapshot): Promise<{ readonly type: string; readonly text: string }> {
    const { now, observation, limits, waiting, oldest, inProgress, bytes } = snapshot;
    this.#waiting.set(waiting);
    this.#oldest.set(oldest === undefined ? 0 : Math.max(0, now - oldest) / 1_000);
    for (const kind of this.#kinds) {
      this.#inProgress.set({ kind }, inProgress.filter(({ activity }) => activity.kind === kind).length);
    }
    this.#min.set(limits.min ?? (observation === undefined ? 0 : minCapacity(observation)));
    this.#max.set(limits.max ?? (observation === undefined ? 0 : maxCapacity(observation)));
    const of = observation === undefined ? () => undefined : activityOf(observation);
    const counts = Map.groupBy(
      (observation?.instances ?? []).filter(exists),
      (instance) => `${instance.role} ${displayedStatus(instance, of(instance.id))}`,
    );
    for (const role of ROLES) {
      for (const standing of DISPLAYED_STATUSES) {
        this.#instances.set({ role, standing }, counts.get(`${role} ${standing}`)?.length ?? 0);
      }
    }
    this.#bytes.set(bytes);
    this.#memory.set(Deno.memoryUsage().rss);
    const { user, system } = process.cpuUsage();
    this.#cpu.reset();
    this.#cpu.inc((user + system) / 1_000_000);
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #beginAtZero(): void {
    for (const [outcome, reasons] of Object.entries(MESSAGE_OUTCOMES)) {
      for (const reason of reasons) this.#messages.inc({ outcome, reason }, 0);
    }
    for (const kind of [...this.#kinds, "none"] as const) {
      for (const source of ["notification", "reconcile"]) {
        for (const check of kind === "none" ? CHECKS : [""]) this.#decisions.inc({ kind, source, check }, 0);
      }
    }
    for (const kind of this.#kinds) {
      for (const outcome of ["successful", "failed", "cancelled"]) this.#activities.inc({ kind, outcome }, 0);
      // The breach is where the phases are measured from.
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
