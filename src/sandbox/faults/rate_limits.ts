/**
 * AWS's rate limits for API calls. Each action has a token bucket.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** Size of a token bucket, and the number of tokens that the bucket gains per second. */
interface Limit {
  readonly size: number;
  readonly refill: number;
}

/**
 * The rate limits of API actions that have their own limit. AWS does not document the bucket sizes of CloudWatch, so
 * that these buckets hold the calls of one second. AWS documents no limits of SNS that a fleet could reach. Source:
 * CloudWatch user guide, cloudwatch_limits; EC2 developer guide, ec2-api-throttling; ELB, elb-api-throttling.
 */
const LIMITS: Readonly<Record<string, Limit>> = {
  "monitoring PutMetricAlarm": { size: 3, refill: 3 },
  "monitoring DeleteAlarms": { size: 3, refill: 3 },
  "monitoring SetAlarmState": { size: 3, refill: 3 },
  "monitoring EnableAlarmActions": { size: 3, refill: 3 },
  "monitoring DisableAlarmActions": { size: 3, refill: 3 },
  "monitoring DescribeAlarmHistory": { size: 3, refill: 3 },
  "monitoring DescribeAlarms": { size: 9, refill: 9 },
  "monitoring DescribeAlarmsForMetric": { size: 9, refill: 9 },
  "monitoring GetMetricData": { size: 50, refill: 50 },
  "monitoring ListMetrics": { size: 25, refill: 25 },
  "ec2 StartInstances": { size: 5, refill: 2 },
  "ec2 RunInstances": { size: 5, refill: 2 },
  "ec2 TerminateInstances": { size: 100, refill: 5 },
  "ec2 CreateTags": { size: 100, refill: 10 },
  "ec2 DeleteTags": { size: 100, refill: 10 },
};

/** The rate limit of each of EC2's Describe actions. */
const EC2_READS: Limit = { size: 100, refill: 20 };

/** The rate limit of a call of one of the two actions below that requests neither a filter nor pages. */
const EC2_UNFILTERED: Limit = { size: 50, refill: 10 };
const UNFILTERED_ACTIONS: readonly string[] = ["DescribeInstances", "DescribeInstanceStatus"];

/** The rate limit of each other action of EC2. */
const EC2_CHANGES: Limit = { size: 50, refill: 5 };

/** The rate limit of each of ELB's Describe actions. The buckets of its other actions are not known. */
const ELB_READS: Limit = { size: 40, refill: 10 };

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

function limitOf(service: string, action: string): Limit | undefined {
  const limit = LIMITS[`${service} ${action}`];
  if (limit !== undefined) return limit;
  const reads = action.startsWith("Describe");
  if (service === "ec2") return reads ? EC2_READS : EC2_CHANGES;
  return reads && service.startsWith("elasticloadbalancing") ? ELB_READS : undefined;
}
