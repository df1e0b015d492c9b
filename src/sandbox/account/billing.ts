/**
 * Counts what AWS bills: the units, not their prices, because prices differ between regions and change.
 *
 * @module
 */
import type { Shape } from "../wire/action.ts";
import { shapes } from "../wire/input.ts";
import type { Snapshot } from "./snapshot.ts";

/** The billed units since the sandbox started. Hours are hours of sandbox time. */
export interface BilledUnits {
  /**
   * Number of metrics in the calls of `GetMetricData`. A call with 500 metrics counts as 500. Source: CloudWatch
   * pricing, Metrics.
   */
  readonly metricsRequested: number;
  /** Number of calls of `GetMetricStatistics`, `ListMetrics` and `PutMetricData`. Source: CloudWatch pricing, APIs. */
  readonly metricRequests: number;
  /** Number of messages that topics published. Source: SNS pricing, API requests. */
  readonly messagesPublished: number;
  /** Number of attempts to deliver a message to an HTTP endpoint. Source: SNS pricing, notification deliveries. */
  readonly messageDeliveries: number;
  /** Hours of standard alarms. The alarms of a stopped instance count too. */
  readonly alarmHours: number;
  /** Hours of running instances with detailed monitoring. */
  readonly detailedMonitoringHours: number;
  /** Hours of running instances. */
  readonly instanceHours: number;
  /** Hours of root volumes: each instance has one, also while it is stopped. */
  readonly volumeHours: number;
  /** Hours of load balancers. */
  readonly balancerHours: number;
}

/** CloudWatch's actions that AWS bills per request. */
const BILLED_ACTIONS: readonly string[] = ["GetMetricStatistics", "ListMetrics", "PutMetricData"];

/** The units that the sandbox counts one by one. */
type Counts = Pick<
  BilledUnits,
  "metricsRequested" | "metricRequests" | "messagesPublished" | "messageDeliveries"
>;

/** The hours of the resources that AWS bills per hour. */
type Hours = Omit<BilledUnits, keyof Counts>;

/** The data of an API call on which its price depends. */
interface BilledCall {
  readonly service: string;
  readonly action: string;
  readonly input: Shape;
  readonly error: string | undefined;
}

/** Counts the billed units. */
export class Billing {
  readonly #account: () => Snapshot;
  /** The time until which the hours are counted, in seconds of the CloudWatch timeline. */
  #counted = 0;
  readonly #counts: { -readonly [K in keyof Counts]: number } = {
    metricsRequested: 0,
    metricRequests: 0,
    messagesPublished: 0,
    messageDeliveries: 0,
  };
  #hours: Hours = {
    alarmHours: 0,
    detailedMonitoringHours: 0,
    instanceHours: 0,
    volumeHours: 0,
    balancerHours: 0,
  };

  /** @param account returns the account's present resources */
  constructor(account: () => Snapshot) {
    this.#account = account;
  }

  /**
   * Counts the hours since the last call.
   *
   * @param second the present second of the CloudWatch timeline
   * @param alarms the present number of alarms
   */
  advance(second: number, alarms: number): void {
    const hours = (second - this.#counted) / 3_600;
    this.#counted = second;
    const { instances, balancers, v2Balancers } = this.#account();
    const existing = [...instances.values()].filter(({ state }) => state !== "terminated");
    const running = existing.filter(({ state }) => state === "running");
    const before = this.#hours;
    this.#hours = {
      alarmHours: before.alarmHours + hours * alarms,
      detailedMonitoringHours: before.detailedMonitoringHours +
        hours * running.filter(({ detailedMonitoring }) => detailedMonitoring).length,
      instanceHours: before.instanceHours + hours * running.length,
      volumeHours: before.volumeHours + hours * existing.length,
      balancerHours: before.balancerHours + hours * (balancers.size + v2Balancers.size),
    };
  }

  /** Counts an API call, unless it failed. A fault that cuts the answer off does not change what AWS bills. */
  addCall({ service, action, input, error }: BilledCall): void {
    if (service !== "monitoring" || (error !== undefined && error !== "cut")) return;
    if (BILLED_ACTIONS.includes(action)) this.#counts.metricRequests++;
    if (action === "GetMetricData") {
      this.#counts.metricsRequested += shapes(input, "MetricDataQueries").length;
    }
  }

  /** Counts a message of SNS that was published, or an attempt to deliver one. */
  addMessage(unit: "messagesPublished" | "messageDeliveries"): void {
    this.#counts[unit]++;
  }

  /** Returns the billed units so far. */
  units(): BilledUnits {
    return { ...this.#counts, ...this.#hours };
  }
}
