/**
 * The faults in effect, as plain values.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { ExpiringSet } from "./expiring_set.ts";

/** The faults in effect. A new instance has none. */
export class FaultState {
  /** Share of calls that are throttled, 0..1. */
  throttle = 0;
  /** Whether AWS's documented rate limits apply. */
  rateLimits = false;
  /** Share of calls that fail with HTTP 500 or 503 and have no effect, 0..1. */
  errors = 0;
  /** Share of calls that take effect and whose connection breaks in the middle of the response, 0..1. */
  cut = 0;
  /** Share of calls that have no effect and never get a response, 0..1. */
  wedge = 0;
  /** Actions whose calls never get a response. */
  readonly wedgedActions = new Set<string>();
  /** Delay of every call, real ms. */
  latency = 0;
  /** Age of what reads return, real ms. */
  staleReads = 0;
  /** Greatest additional age of what a read returns, real ms. The age of each read is random. */
  readLag = 0;
  /** Share of SNS messages that are delivered twice, 0..1. */
  snsDuplicates = 0;
  /** Share of SNS messages that are lost, 0..1. */
  snsLoss = 0;
  /** Whether Subscribe fails if the endpoint does not accept a connection. */
  checkEndpoints = false;
  /** Instance ids, launch template ids and names, and zones for which EC2 has no capacity. */
  readonly noCapacity: ExpiringSet;
  /** Ids of instances with stop and termination protection. */
  readonly protectedInstances = new Set<string>();
  /** CPU that a machine uses after it has booted, beside its own load, for as long as the boot took; percent of one vCPU. */
  bootCpu = 0;
  /** Ids of instances whose health checks fail. */
  readonly unhealthy = new Set<string>();
  /** Whether the first health check of a registration comes at a random time within the interval. */
  lateFirstCheck = false;
  /** Time from the end of draining until ELB reports it, ms of sandbox time. */
  drainLag = 0;
  /** Time from the end of a period until its datapoint is visible, ms of sandbox time. */
  metricDelay = 0;
  /** Whether instances without detailed monitoring report a datapoint each five minutes instead of each minute. */
  basicMonitoring = false;
  /** Actions that IAM denies: `ec2:StartInstances`. */
  readonly deniedActions = new Set<string>();
  /** Offset of AWS's clock from this machine's, ms; positive if AWS's is ahead. */
  clockOffset = 0;

  /** @param clock the clock of faults that end by themselves */
  constructor(readonly clock: Pick<Clock, "now" | "speed"> = { now: () => Date.now(), speed: 1 }) {
    this.noCapacity = new ExpiringSet(() => clock.now());
  }

  /** Removes every fault. */
  clear(): void {
    this.throttle =
      this.errors =
      this.cut =
      this.wedge =
      this.snsDuplicates =
      this.snsLoss =
        0;
    this.latency =
      this.staleReads =
      this.readLag =
      this.clockOffset =
        0;
    this.bootCpu = this.drainLag = this.metricDelay = 0;
    this.rateLimits =
      this.checkEndpoints =
      this.lateFirstCheck =
      this.basicMonitoring =
        false;
    this.wedgedActions.clear();
    this.deniedActions.clear();
    this.noCapacity.clear();
    this.protectedInstances.clear();
    this.unhealthy.clear();
  }
}
