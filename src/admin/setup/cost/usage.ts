/**
 * How much of each thing that AWS bills a fleet uses in a month. The quantities that depend on the load have two values: for a quiet
 * month, in which no alarm changes its state and kas cannot scale in, and for a busy month, in which the fleet shrinks and the alarms
 * change all the time. A test compares both with the sandbox.
 *
 * @module
 */
import type { AlarmDetail } from "../../../aws/cloudwatch/alarms.ts";
import { MAX_ALARMS } from "../../../aws/cloudwatch/alarms.ts";
import type { Volume } from "../../../aws/ec2/volumes.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import { HOURS_PER_MONTH } from "./prices.ts";
import { type ScrapePlan, type Transfer, transferOf } from "./transfer.ts";

/** The metrics that EC2 publishes for an instance with detailed monitoring. Source: CloudWatch pricing, example 1. */
const METRICS_PER_INSTANCE = 7;

/** Alarms with a shorter period are high-resolution alarms. Source: CloudWatch pricing, Alarms. */
const STANDARD_PERIOD = 60;

/** How often an alarm of a running instance changes its state in a busy hour. */
const BUSY_CHANGES = 6;

/** A longer interval between reconciles, which `kas admin cost` compares with the fleet's, in ms. */
export const LONG_RESYNC = 300_000;

/** The instances in one call of DescribeInstances and of DescribeInstanceStatus. */
const INSTANCES_PER_CALL = 1_000;
const STATUSES_PER_CALL = 100;

/** IOPS and MiB/s that the price of a gp3 volume includes. Source: EBS pricing. */
const GP3_INCLUDES = { iops: 3_000, throughput: 125 };

/** What `kas admin cost` knows of a fleet. */
export interface FleetFacts {
  readonly instances: readonly Ec2Instance[];
  readonly alarms: readonly AlarmDetail[];
  /** The volumes of the stopped nodes and of the control instances. */
  readonly volumes: readonly Volume[];
  /** The number of confirmed HTTP and HTTPS subscriptions of the fleet's topic. */
  readonly subscriptions: number;
  /** The number of load balancers and target groups whose health kas reads at each reconcile. */
  readonly balancers: number;
  /** The interval between reconciles, in ms. */
  readonly resync: number;
  /** How late CloudWatch's metrics may arrive, in ms. */
  readonly metricDelay: number;
  readonly scrape: ScrapePlan;
}

/** The quantity of one item in a month. */
export interface Quantity {
  readonly quiet: number;
  readonly busy: number;
}

/** What a fleet uses in a month. */
export interface Usage {
  /** Metrics of detailed monitoring. */
  readonly metrics: number;
  readonly alarms: number;
  readonly highResolutionAlarms: number;
  /** Alarms whose instance does not exist. They are not among `alarms`. */
  readonly leftoverAlarms: number;
  /** Metrics that kas reads with GetMetricData. */
  readonly metricReads: Quantity;
  /** The same, if kas reconciled every {@linkcode LONG_RESYNC}. */
  readonly slowMetricReads: Quantity;
  readonly messages: Quantity;
  readonly deliveries: Quantity;
  /** What scrapes transfer, or would transfer. */
  readonly transfer: Transfer;
  /** GB by type of volume, of the stopped nodes and of the control instances. */
  readonly stoppedVolumes: ReadonlyMap<string, number>;
  readonly controlVolumes: ReadonlyMap<string, number>;
  /** Provisioned IOPS and MiB/s of both, above what the volume's price includes, by type. */
  readonly iops: ReadonlyMap<string, number>;
  readonly throughput: ReadonlyMap<string, number>;
  /** Hours of the running control instances by type. */
  readonly controlHours: ReadonlyMap<string, number>;
  /** Hours of public IPv4 addresses of the control instances. */
  readonly addressHours: number;
  /** API calls that are free. */
  readonly freeCalls: number;
}

/** Returns what a fleet uses in a month, if its instances keep their states. */
export function usageOf(facts: FleetFacts): Usage {
  const { instances, alarms, volumes, subscriptions, balancers, resync, scrape } = facts;
  const running = instances.filter(({ state }) => state === "running" || state === "pending");
  const ids = new Set(instances.map(({ id }) => id));
  const control = instances.filter(({ role }) => role === "control");
  const controlIds = new Set(control.map(({ id }) => id));
  const runningControl = running.filter(({ role }) => role === "control");
  const [leftover, used] = partition(
    alarms,
    ({ kind, dimension }) => kind !== "reqcount" && !ids.has(dimension),
  );
  const [highResolution, standard] = partition(used, ({ period }) => period < STANDARD_PERIOD);
  const [ofControl, ofStopped] = partition(volumes, ({ instance }) => controlIds.has(instance));
  const runningIds = new Set(running.map(({ id }) => id));
  const notifying =
    alarms.filter(({ kind, dimension, actionsEnabled, alarmActions, okActions }) =>
      actionsEnabled && alarmActions.length + okActions.length > 0 &&
      (kind === "reqcount" || runningIds.has(dimension))
    ).length;
  const reconciles = perMonth(resync);
  const callsOfReconcile = pagesOf(instances.length, INSTANCES_PER_CALL) +
    pagesOf(alarms.length, MAX_ALARMS) + pagesOf(running.length, STATUSES_PER_CALL) + balancers;
  const messages = HOURS_PER_MONTH * BUSY_CHANGES * notifying;
  return {
    metrics: METRICS_PER_INSTANCE * running.filter(({ monitoring }) => monitoring === "detailed").length,
    alarms: standard.length,
    highResolutionAlarms: highResolution.length,
    leftoverAlarms: leftover.length,
    metricReads: { quiet: 0, busy: busyReads(facts, running.length, resync) },
    slowMetricReads: { quiet: 0, busy: busyReads(facts, running.length, LONG_RESYNC) },
    messages: { quiet: 0, busy: messages },
    deliveries: { quiet: 0, busy: messages * subscriptions },
    transfer: transferOf(running, scrape),
    stoppedVolumes: sumBy(ofStopped, ({ size }) => size),
    controlVolumes: sumBy(ofControl, ({ size }) => size),
    iops: sumBy(
      volumes,
      ({ type, iops }) =>
        /^io\d$/.test(type) ? iops : type === "gp3" ? Math.max(0, iops - GP3_INCLUDES.iops) : 0,
    ),
    throughput: sumBy(volumes, ({ throughput }) => Math.max(0, throughput - GP3_INCLUDES.throughput)),
    controlHours: sumBy(runningControl, () => HOURS_PER_MONTH),
    addressHours: HOURS_PER_MONTH * runningControl.filter(({ publicIp }) => publicIp !== undefined).length,
    freeCalls: reconciles * callsOfReconcile,
  };
}

/**
 * Returns the number of metrics that kas reads in a month in which the fleet shrinks all the time. After each stop kas waits until
 * CloudWatch has newer datapoints, and then reads the CPU of all running instances. Until then it reads the CPU of one instance at each
 * reconcile (R6). Scrapes show the CPU too, so that kas then reads none.
 */
function busyReads({ alarms, metricDelay, scrape }: FleetFacts, running: number, resync: number): number {
  if (running === 0 || scrape.target !== undefined) return 0;
  const periods = alarms.filter(({ kind }) => kind !== "reqcount").map(({ period }) => period);
  const period = periods.length === 0 ? STANDARD_PERIOD : Math.min(...periods);
  const reconciles = perMonth(resync);
  const stops = Math.min(reconciles, perMonth(period * 1_000 + metricDelay));
  return stops * running + (reconciles - stops);
}

/** Returns how many intervals of this many ms a month has. */
function perMonth(interval: number): number {
  return Math.round(HOURS_PER_MONTH * 3_600_000 / interval);
}

/** Returns the number of calls that a list needs, at least one. */
function pagesOf(items: number, perCall: number): number {
  return Math.max(1, Math.ceil(items / perCall));
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const { yes = [], no = [] } = Object.groupBy(items, (item) => test(item) ? "yes" : "no");
  return [yes, no];
}

/** Adds the values of all items by their types. Leaves out a type whose sum is 0. */
function sumBy<T extends { readonly type: string }>(
  items: readonly T[],
  valueOf: (item: T) => number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const item of items) sums.set(item.type, (sums.get(item.type) ?? 0) + valueOf(item));
  return new Map([...sums].filter(([, sum]) => sum > 0));
}
