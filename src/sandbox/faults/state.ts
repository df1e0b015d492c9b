/**
 * The state of all faults as plain values.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { ExpiringSet } from "./expiring_set.ts";
import { PendingFailures } from "./failures.ts";

/** The faults in effect. A new instance of the class has no faults, not even those of a real account. */
export class FaultState {
  /** Share of API calls that the sandbox throttles, from 0 to 1. */
  throttle = 0;
  /** Whether AWS's documented rate limits apply to API calls. */
  rateLimits = false;
  /** Share of API calls that fail with HTTP 500 or 503 and have no effect, from 0 to 1. */
  errors = 0;
  /** Share of API calls that take effect but whose connection closes during the response, from 0 to 1. */
  cut = 0;
  /** Share of API calls that have no effect and never get a response, from 0 to 1. */
  wedge = 0;
  /** Names of the API actions whose calls never get a response. */
  readonly wedgedActions = new Set<string>();
  /** Delay of every API call in ms of real time. */
  latency = 0;
  /** Age of the data that API reads return, in ms of real time. */
  staleReads = 0;
  /** Maximum additional age of the data that a read returns, in ms of sandbox time. Each read has a random additional age. */
  readLag = 0;
  /** Share of SNS messages that the sandbox delivers twice, from 0 to 1. */
  snsDuplicates = 0;
  /** Share of SNS messages that the sandbox does not deliver, from 0 to 1. */
  snsLoss = 0;
  /** Share of requests to the instances' node_exporter that get no answer, from 0 to 1. */
  lostScrapes = 0;
  /** Whether the API action Subscribe fails if the endpoint does not accept a connection. */
  checkEndpoints = false;
  /** Instance ids, launch template ids and names, and zones for which EC2 has no capacity. */
  readonly noCapacity: ExpiringSet;
  /** Ids of instances with stop and termination protection. */
  readonly protectedInstances = new Set<string>();
  /** CPU that a booted machine uses in addition to its own load, for as long as its boot took, in percent of one vCPU. */
  bootCpu = 0;
  /** Ids of instances whose starts end in a stop. */
  readonly failingStarts = new Set<string>();
  /** Failures that happen once, as soon as the instance runs. */
  readonly failures = new PendingFailures();
  /** Ids of instances whose health checks fail. */
  readonly unhealthy: ExpiringSet;
  /** Time from an instance's start until EC2 has checked its status, in ms of sandbox time. */
  statusDelay = 0;
  /** Whether the first health check after a registration happens at a random time within the check interval. */
  lateFirstCheck = false;
  /** Delay with which ELB reports the end of an instance's draining, in ms of sandbox time. */
  drainLag = 0;
  /**
   * How long a Network Load Balancer takes to notice a registration or deregistration, in ms of sandbox time: a new target gets no health
   * check, and a deregistered target still gets new connections.
   */
  nlbLag = 0;
  /** How long a new load balancer of ELB v2 is being provisioned, in ms of sandbox time. */
  provisioning = 0;
  /** How long a deleted load balancer still uses its security groups and target groups, in ms of sandbox time. */
  deletionLag = 0;
  /** Time from the end of a metric period until its datapoint is visible, in ms of sandbox time. */
  metricDelay = 0;
  /** Whether an instance without detailed monitoring reports one datapoint every five minutes instead of every minute. */
  basicMonitoring = false;
  /** CPU that a T instance without CPU credits shows at most, in percent; undefined if T instances have credits. */
  credits: number | undefined;
  /** Whether the account has no default VPC. */
  noDefaultVpc = false;
  /** Whether load balancers reach only the instances whose security groups admit them. */
  securityGroups = false;
  /** API actions that IAM denies, such as `ec2:StartInstances`. */
  readonly deniedActions = new Set<string>();
  /** Offset of AWS's clock from the host's clock in ms; positive if AWS's clock is ahead. */
  clockOffset = 0;

  /** @param clock clock for faults that end after a time */
  constructor(readonly clock: Pick<Clock, "now" | "speed"> = { now: () => Date.now(), speed: 1 }) {
    this.noCapacity = new ExpiringSet(() => clock.now());
    this.unhealthy = new ExpiringSet(() => clock.now());
  }

  /** Removes every fault. */
  clear(): void {
    this.throttle =
      this.errors =
      this.cut =
      this.wedge =
      this.snsDuplicates =
      this.snsLoss =
      this.lostScrapes =
        0;
    this.latency =
      this.staleReads =
      this.readLag =
      this.clockOffset =
        0;
    this.credits = undefined;
    this.bootCpu =
      this.statusDelay =
      this.drainLag =
      this.nlbLag =
      this.provisioning =
      this.deletionLag =
      this.metricDelay =
        0;
    this.rateLimits =
      this.checkEndpoints =
      this.lateFirstCheck =
      this.basicMonitoring =
      this.noDefaultVpc =
      this.securityGroups =
        false;
    this.wedgedActions.clear();
    this.deniedActions.clear();
    this.noCapacity.clear();
    this.protectedInstances.clear();
    this.failingStarts.clear();
    this.failures.clear();
    this.unhealthy.clear();
  }
}
