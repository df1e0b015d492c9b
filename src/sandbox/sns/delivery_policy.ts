/**
 * How often and at which intervals SNS tries an HTTP delivery again.
 *
 * Source: SNS developer guide, "Message delivery retries" (phases, ranges, default policy). It shows the backoff functions as
 * curves only: these here have their ends and their order.
 *
 * @module
 */
import { integer, oneOf } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";

/** A retry policy, in the names of its JSON; delays in s. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numMaxDelayRetries: number;
  readonly backoffFunction: Backoff;
}

/** From 0 to 1, the share of the way from the least delay to the greatest. */
const BACKOFF = {
  linear: (share: number) => share,
  arithmetic: (share: number) => share ** 2,
  geometric: (share: number) => share ** 3,
  exponential: (share: number) => (2 ** (8 * share) - 1) / (2 ** 8 - 1),
} as const;

type Backoff = keyof typeof BACKOFF;

/** Three retries, 20 s apart. */
export const DEFAULT_POLICY: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  backoffFunction: "linear",
};

/** The delays before each retry, s. */
export function retryDelays(policy: RetryPolicy): readonly number[] {
  const { minDelayTarget: min, maxDelayTarget: max } = policy;
  const steps = policy.numRetries - policy.numNoDelayRetries - policy.numMinDelayRetries -
    policy.numMaxDelayRetries;
  return [
    ...Array<number>(policy.numNoDelayRetries).fill(0),
    ...Array<number>(policy.numMinDelayRetries).fill(min),
    ...Array.from(
      { length: steps },
      (_, i) => min + (max - min) * BACKOFF[policy.backoffFunction]((i + 1) / steps),
    ),
    ...Array<number>(policy.numMaxDelayRetries).fill(max),
  ];
}

/** Reads a subscription's or topic's DeliveryPolicy (JSON). Throws AwsError InvalidParameter. */
export function parseRetryPolicy(json: string): RetryPolicy {
  try {
    const whole: unknown = JSON.parse(json);
    if (!isShape(whole)) throw new SyntaxError("not an object");
    const http = whole["http"];
    const policy = isShape(http) ? http["defaultHealthyRetryPolicy"] : whole["healthyRetryPolicy"];
    return isShape(policy) ? readRetryPolicy(policy) : DEFAULT_POLICY;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof AwsError)) throw error;
    throw new AwsError("InvalidParameter", `Invalid parameter: DeliveryPolicy: ${error.message}`);
  }
}

function readRetryPolicy(given: Shape): RetryPolicy {
  const maxDelayTarget = integer(given, "maxDelayTarget", 1, 3_600) ?? DEFAULT_POLICY.maxDelayTarget;
  const policy = {
    minDelayTarget: integer(given, "minDelayTarget", 1, maxDelayTarget) ?? DEFAULT_POLICY.minDelayTarget,
    maxDelayTarget,
    numRetries: integer(given, "numRetries", 0, 100) ?? DEFAULT_POLICY.numRetries,
    numNoDelayRetries: integer(given, "numNoDelayRetries", 0, 100) ?? 0,
    numMinDelayRetries: integer(given, "numMinDelayRetries", 0, 100) ?? 0,
    numMaxDelayRetries: integer(given, "numMaxDelayRetries", 0, 100) ?? 0,
    backoffFunction: oneOf(given, "backoffFunction", Object.keys(BACKOFF) as readonly Backoff[]) ?? "linear",
  };
  if (policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries > policy.numRetries) {
    throw new SyntaxError("the retries of the phases are more than numRetries");
  }
  if (retryDelays(policy).reduce((sum, delay) => sum + delay, 0) > 3_600) {
    throw new SyntaxError("the retries take more than 3600 seconds");
  }
  return policy;
}

function isShape(value: unknown): value is Shape {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
