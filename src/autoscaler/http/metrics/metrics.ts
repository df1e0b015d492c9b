/**
 * Counts the events of fleets and returns the counts for `GET /metrics`. Every counter exists with the value 0 from the start, so that
 * Prometheus's rate() also shows the first increase.
 *
 * @module
 */
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
import type { Scrape } from "../../telemetry/scraper.ts";
import { Instruments } from "./instruments.ts";
import { ProcessMetrics } from "./process_metrics.ts";
import { CALLS, CHECKS, MESSAGE_OUTCOMES, type MessageOutcome, ROLES } from "./labels.ts";
import {
  capacityStates,
  DISPLAYED_STATUSES,
  displayedStatus,
  type ObservationOutcome,
  type Snapshot,
} from "../snapshot.ts";

/** The process that the metrics describe. */
export interface MetricsOptions {
  /** The version of kas. */
  readonly version: string;
  /** When the process started, in ms since the epoch. */
  readonly started: number;
}

/** A fleet that the metrics describe. */
export interface FleetMetricsOptions {
  readonly fleet: string;
  /** Whether the autoscaler may launch and terminate instances. */
  readonly limits: Pick<Limits, "grow" | "shrink">;
}

/** The value of the label `fleet` for a message that kas refused, if the autoscaler has several fleets. */
const NO_FLEET = "";

/** The metrics of an autoscaler, with all of its fleets. */
export class Metrics {
  readonly #instruments = new Instruments();
  readonly #process: ProcessMetrics;

  constructor({ version, started }: MetricsOptions) {
    this.#process = new ProcessMetrics(version, started);
  }

  /** Adds a fleet. */
  add(options: FleetMetricsOptions): FleetMetrics {
    this.setUp(options.fleet, true);
    return new FleetMetrics(options, this.#instruments);
  }

  /** Sets whether a fleet runs. */
  setUp(fleet: string, isUp: boolean): void {
    this.#instruments.up.set({ fleet }, isUp ? 1 : 0);
  }

  /** Adds the messages that kas refuses before it knows their fleet. Call this method if the autoscaler has several fleets. */
  addRefused(): void {
    for (const outcome of ["refused", "failed"] as const) {
      for (const reason of MESSAGE_OUTCOMES[outcome]) {
        this.#instruments.messages.inc({ outcome, reason, fleet: NO_FLEET }, 0);
      }
    }
  }

  /** Called when kas has refused a message before it knew its fleet. */
  onRefused(outcome: MessageOutcome, reason: string): void {
    this.#instruments.messages.inc({ outcome, reason, fleet: NO_FLEET });
  }

  /** Returns all metrics in Prometheus's text format. First call {@linkcode FleetMetrics.update} for each fleet. */
  async exposition(): Promise<{ readonly type: string; readonly text: string }> {
    const { registry } = this.#instruments;
    const texts = await Promise.all([registry.metrics(), this.#process.exposition()]);
    return { type: registry.contentType, text: texts.join("\n") };
  }
}

/** Counts the events of a fleet. */
export class FleetMetrics {
  readonly #fleet: string;
  readonly #in: Instruments;
  /** The kinds of activities that can happen with the present settings. */
  readonly #kinds: readonly Activity["kind"][];

  constructor({ fleet, limits: { grow, shrink } }: FleetMetricsOptions, instruments: Instruments) {
    this.#fleet = fleet;
    this.#in = instruments;
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
    const fleet = this.#fleet;
    this.#in.messages.inc({ outcome, reason, fleet });
  }

  /** Called when kas has made a decision. */
  onDecision({ kind: trigger }: Trigger, decision: Decision): void {
    const fleet = this.#fleet;
    const kind = kindOf(decision);
    // A decision with actions may hold others back. The next decision then names the check.
    const [check = ""] = kind === "none" ? decision.checks : [];
    this.#in.decisions.inc({ kind, trigger, check, fleet });
  }

  /** Called when an activity has ended. */
  onActivityEnd({ kind, status }: Activity): void {
    const fleet = this.#fleet;
    this.#in.activities.inc({ kind, status, fleet });
  }

  /** Called when phases of an activity have ended, with their durations. */
  onPhases(kind: Activity["kind"], phases: readonly PhaseDuration[]): void {
    const fleet = this.#fleet;
    for (const { phase, seconds } of phases) {
      if (phase === "total") this.#in.reaction.observe({ kind, fleet }, seconds);
      else this.#in.phases.observe({ kind, phase, fleet }, seconds);
    }
  }

  /** Called when an observation of the fleet has ended. */
  onObservation({ at, seconds, error }: ObservationOutcome): void {
    const fleet = this.#fleet;
    this.#in.observing.observe({ fleet }, seconds);
    if (error === undefined) this.#in.observed.set({ fleet }, at / 1_000);
    else this.#in.failures.inc({ fleet });
  }

  /** Called when a round of scrapes has ended. */
  onScrapes(scrapes: readonly Pick<Scrape, "at" | "problem">[]): void {
    const fleet = this.#fleet;
    for (const { at, problem } of scrapes) {
      this.#in.scrapes.inc({ outcome: problem === undefined ? "ok" : "failed", fleet });
      if (problem === undefined) this.#in.scraped.set({ fleet }, at / 1_000);
    }
  }

  /** Called when a request to AWS has ended. */
  onRequest({ service, operation, outcome, seconds, retry }: Call): void {
    const fleet = this.#fleet;
    this.#in.requests.inc({ service, operation, outcome, fleet });
    this.#in.duration.observe({ service, operation, fleet }, seconds);
    if (retry) this.#in.retries.inc({ service, operation, fleet });
  }

  /** Sets the metrics that describe the present state of the fleet. */
  update(snapshot: Snapshot): void {
    const fleet = this.#fleet;
    const { now, observation, waiting, oldest, inProgress, paused, override, alerts, bytes } = snapshot;
    this.#in.waiting.set({ fleet }, waiting);
    this.#in.oldest.set({ fleet }, oldest === undefined ? 0 : Math.max(0, now - oldest) / 1_000);
    for (const kind of this.#kinds) {
      this.#in.inProgress.set(
        { kind, fleet },
        inProgress.filter(({ activity }) => activity.kind === kind).length,
      );
    }
    for (const [state, count] of Object.entries(capacityStates(snapshot))) {
      this.#in.capacity.set({ state, fleet }, count);
    }
    const activity = observation === undefined ? () => undefined : activityOf(observation);
    const counts = Map.groupBy(
      (observation?.instances ?? []).filter(exists),
      (instance) => `${instance.role} ${displayedStatus(instance, activity(instance.id))}`,
    );
    for (const role of ROLES) {
      for (const status of DISPLAYED_STATUSES) {
        this.#in.instances.set({ role, status, fleet }, counts.get(`${role} ${status}`)?.length ?? 0);
      }
    }
    const pauses = observation === undefined ? [] : pausesOf({ ...observation, now }).all;
    for (const fault of FAULTS) {
      this.#in.pauses.set({ fault, fleet }, pauses.filter((pause) => pause.fault === fault).length);
    }
    for (const direction of ["out", "in"] as const) {
      this.#in.paused.set({ direction, fleet }, paused?.[direction] === undefined ? 0 : 1);
    }
    this.#in.override.set({ fleet }, override === undefined ? 0 : 1);
    const firing = new Set(alerts.map(({ name }) => name));
    for (const name of ALERT_NAMES) this.#in.alert.set({ name, fleet }, firing.has(name) ? 1 : 0);
    this.#in.bytes.set({ fleet }, bytes);
  }

  #initialize(): void {
    const fleet = this.#fleet;
    this.#in.observed.set({ fleet }, 0);
    this.#in.observing.zero({ fleet });
    this.#in.failures.inc({ fleet }, 0);
    this.#in.scraped.set({ fleet }, 0);
    for (const outcome of ["ok", "failed"]) this.#in.scrapes.inc({ outcome, fleet }, 0);
    for (const [outcome, reasons] of Object.entries(MESSAGE_OUTCOMES)) {
      for (const reason of reasons) this.#in.messages.inc({ outcome, reason, fleet }, 0);
    }
    for (const kind of [...this.#kinds, "none"] as const) {
      for (const trigger of TRIGGER_KINDS) {
        for (const check of kind === "none" ? CHECKS : [""]) {
          this.#in.decisions.inc({ kind, trigger, check, fleet }, 0);
        }
      }
    }
    for (const kind of this.#kinds) {
      for (const status of ["successful", "failed", "cancelled"]) {
        this.#in.activities.inc({ kind, status, fleet }, 0);
      }
      // The first phase has no duration, because the measurement starts at its end.
      for (const phase of PHASES[kind].slice(1)) this.#in.phases.zero({ kind, phase, fleet });
      this.#in.reaction.zero({ kind, fleet });
    }
    for (const [service, operations] of Object.entries(CALLS)) {
      for (const operation of operations) {
        for (const outcome of OUTCOMES) this.#in.requests.inc({ service, operation, outcome, fleet }, 0);
        this.#in.retries.inc({ service, operation, fleet }, 0);
        this.#in.duration.zero({ service, operation, fleet });
      }
    }
  }
}
