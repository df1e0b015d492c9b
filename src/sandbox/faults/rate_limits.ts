/**
 * AWS's rate limits for API calls. Each action has a token bucket.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Size of a token bucket, and the number of tokens that the bucket gains per second. */
export interface Limit {
  readonly size: number;
  readonly refill: number;
}

/** CloudWatch's calls per second. AWS does not document the bucket sizes, so that a bucket holds the calls of one second. */
function perSecond(calls: number): Limit {
  return { size: calls, refill: calls };
}

/**
 * The rate limits of single API actions. Sources: CloudWatch user guide, cloudwatch_limits; EC2 developer guide,
 * ec2-api-throttling; Elastic Load Balancing user guide, elb-api-throttling; SNS API, the notes of each action.
 */
const LIMITS: Readonly<Record<string, Limit>> = {
  "monitoring PutMetricAlarm": perSecond(3),
  "monitoring DeleteAlarms": perSecond(3),
  "monitoring SetAlarmState": perSecond(3),
  "monitoring EnableAlarmActions": perSecond(3),
  "monitoring DisableAlarmActions": perSecond(3),
  "monitoring DescribeAlarmHistory": perSecond(3),
  "monitoring DescribeAlarms": perSecond(9),
  "monitoring DescribeAlarmsForMetric": perSecond(9),
  "monitoring GetMetricData": perSecond(50),
  "monitoring GetMetricStatistics": perSecond(400),
  "monitoring PutMetricData": perSecond(500),
  "monitoring ListMetrics": perSecond(25),
  "ec2 StartInstances": { size: 5, refill: 2 },
  "ec2 RunInstances": { size: 5, refill: 2 },
  "ec2 TerminateInstances": { size: 100, refill: 5 },
  "ec2 CreateTags": { size: 100, refill: 10 },
  "ec2 DeleteTags": { size: 100, refill: 10 },
  "sns Subscribe": perSecond(100),
  "sns Unsubscribe": perSecond(100),
  "sns ListSubscriptions": perSecond(30),
  "sns ListSubscriptionsByTopic": perSecond(30),
  "sns ListTopics": perSecond(30),
};

/** The rate limits of EC2's other actions, by whether they change something. */
const EC2 = { reads: { size: 100, refill: 20 }, changes: { size: 50, refill: 5 } };

/** The rate limit of a call of one of the two actions below that requests neither a filter nor pages. */
const EC2_UNFILTERED: Limit = { size: 50, refill: 10 };
const UNFILTERED_ACTIONS: readonly string[] = ["DescribeInstances", "DescribeInstanceStatus"];

/**
 * The rate limits of ELB's actions. AWS documents them for version 2 of the API. The sandbox assumes the same for version 1, whose
 * buckets are separate.
 */
const ELB = {
  reads: { size: 40, refill: 10 },
  registrations: { size: 20, refill: 4 },
  changes: { size: 20, refill: 3 },
};

/** The token buckets of all API actions. Buckets gain tokens in sandbox time. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token for an API call. Returns whether a token was available; always true for an action without a limit. */
  take(service: string, action: string, input: Readonly<Record<string, unknown>> = {}): boolean {
    const unfiltered = service === "ec2" && UNFILTERED_ACTIONS.includes(action) &&
      input["Filters"] === undefined && input["MaxResults"] === undefined;
    const limit = unfiltered ? EC2_UNFILTERED : limitOf(service, action);
    if (limit === undefined) return true;
    const key = unfiltered ? `${service} ${action} unfiltered` : `${service} ${action}`;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: limit.size, filledAt: now };
    this.#buckets.set(key, bucket);
    const seconds = ((now - bucket.filledAt) / 1_000) * this.#clock.speed;
    bucket.tokens = Math.min(limit.size, bucket.tokens + seconds * limit.refill);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/** The rate limit of an action. Undefined if AWS documents none. */
export function limitOf(service: string, action: string): Limit | undefined {
  const limit = LIMITS[`${service} ${action}`];
  if (limit !== undefined) return limit;
  const isRead = action.startsWith("Describe");
  if (service === "ec2") return isRead ? EC2.reads : EC2.changes;
  if (!service.startsWith("elasticloadbalancing")) return undefined;
  if (isRead) return ELB.reads;
  return /^(Register|Deregister)/.test(action) ? ELB.registrations : ELB.changes;
}
