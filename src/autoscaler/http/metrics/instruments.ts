/**
 * The metrics of the fleets, with the library prom-client. Each has the label `fleet`. The values of the other labels are from fixed
 * lists: no label has the id of an instance, message or alarm.
 *
 * Source: Prometheus documentation, "Metric and label naming".
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

// The upper bounds of the histograms' buckets, in seconds. A phase of an activity may be as short as one call on loopback, and as
// long as the longest timeout.
const PHASE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OBSERVATION_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45];

/** The metrics that all fleets of an autoscaler share. */
export class Instruments {
  readonly registry = new Registry();
  readonly up = this.#gauge(
    "kas_fleet_up",
    "1 while kas scales the fleet; 0 if the fleet could not start, or its journal cannot be read",
  );
  readonly messages = this.#counter("kas_messages_total", "SNS messages received, by outcome", [
    "outcome",
    "reason",
  ]);
  readonly waiting = this.#gauge("kas_inbox_waiting", "Messages accepted and not yet processed");
  readonly oldest = this.#gauge(
    "kas_inbox_oldest_seconds",
    "Age of the oldest message that is not yet processed",
  );
  readonly decisions = this.#counter(
    "kas_decisions_total",
    "Decisions, by trigger and by the check that held an action back",
    ["kind", "trigger", "check"],
  );
  readonly activities = this.#counter("kas_activities_total", "Activities that have ended", [
    "kind",
    "status",
  ]);
  readonly inProgress = this.#gauge("kas_activities_in_progress", "Activities in progress", ["kind"]);
  readonly phases = this.#histogram(
    "kas_activity_phase_seconds",
    "Duration of each phase of successful activities; a phase begins when the phase before it ends",
    PHASE_BUCKETS,
    ["kind", "phase"],
  );
  readonly reaction = this.#histogram(
    "kas_activity_seconds",
    "Duration of successful activities since the alarm changed its state, or since the decision if a reconcile made it",
    PHASE_BUCKETS,
    ["kind"],
  );
  readonly instances = this.#gauge(
    "kas_instances",
    "Instances of the fleet in the last observation, by lifecycle status",
    ["role", "status"],
  );
  readonly pauses = this.#gauge(
    "kas_start_pauses",
    "Pauses of starts that are in force, by the fault that caused them",
    [
      "fault",
    ],
  );
  readonly paused = this.#gauge(
    "kas_paused",
    "1 while an operator has paused scaling in a direction, otherwise 0",
    ["direction"],
  );
  readonly override = this.#gauge(
    "kas_override",
    "1 while a capacity that an operator asked for applies, otherwise 0",
  );
  readonly capacity = this.#gauge(
    "kas_capacity",
    "Capacity of the fleet in the last observation, the bounds in force, and unhealthy instances",
    ["state"],
  );
  readonly alert = this.#gauge("kas_alert", "1 while an alert is firing, otherwise 0", ["name"]);
  readonly observed = this.#gauge(
    "kas_last_observation_timestamp_seconds",
    "Time of the last complete observation of the fleet; 0 before the first",
  );
  readonly observing = this.#histogram(
    "kas_observation_seconds",
    "Duration of observations of the fleet, including failed observations",
    OBSERVATION_BUCKETS,
  );
  readonly failures = this.#counter(
    "kas_observation_failures_total",
    "Observations of the fleet that failed",
  );
  readonly scrapes = this.#counter("kas_scrapes_total", "Scrapes of instances, by outcome", ["outcome"]);
  readonly scraped = this.#gauge(
    "kas_last_scrape_timestamp_seconds",
    "Time of the last scrape of an instance that succeeded; 0 before the first",
  );
  readonly requests = this.#counter("kas_aws_requests_total", "Requests to AWS, including retries", [
    "service",
    "operation",
    "outcome",
  ]);
  readonly retries = this.#counter("kas_aws_retries_total", "Retries of requests to AWS", [
    "service",
    "operation",
  ]);
  readonly duration = this.#histogram(
    "kas_aws_request_seconds",
    "Duration of requests to AWS",
    CALL_BUCKETS,
    ["service", "operation"],
  );
  readonly bytes = this.#gauge("kas_journal_bytes", "Size of the journal and the inbox");

  #counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L | "fleet"> {
    return new Counter({ name, help, labelNames: [...labelNames, "fleet"], registers: [this.registry] });
  }

  #gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L | "fleet"> {
    return new Gauge({ name, help, labelNames: [...labelNames, "fleet"], registers: [this.registry] });
  }

  #histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ): Histogram<L | "fleet"> {
    return new Histogram({
      name,
      help,
      buckets,
      labelNames: [...labelNames, "fleet"],
      registers: [this.registry],
    });
  }
}
