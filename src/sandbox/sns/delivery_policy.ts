/**
 * Calculates how often and when SNS repeats an HTTP delivery.
 *
 * Source: SNS developer guide, "Message delivery retries" (phases, ranges, default policy). The guide shows the backoff
 * functions only as curves. The functions in this module have the same end points and the same order.
 * @module
 */
import { integer, oneOf } from "../wire/input.ts";
import { AwsError, type Shape } from "../wire/action.ts";

/** A retry policy, with the key names of SNS's JSON. All delays are in seconds. */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly numMaxDelayRetries: number;
  readonly backoffFunction: Backoff;
}

/**
 * The backoff functions. A backoff function maps the progress of the backoff phase, from 0 to 1, to the position between the
 * minimum and the maximum delay, from 0 to 1.
 */
const BACKOFF = {
  linear: (share: number) => share,
  arithmetic: (share: number) => share ** 2,
  geometric: (share: number) => share ** 3,
  exponential: (share: number) => (2 ** (8 * share) - 1) / (2 ** 8 - 1),
} as const;

type Backoff = keyof typeof BACKOFF;

/** SNS's default retry policy: three retries at intervals of 20 s. */
export const DEFAULT_POLICY: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  backoffFunction: "linear",
};

/** Returns the delay before each retry in seconds. */
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

/** Parses the DeliveryPolicy of a subscription or topic, which is JSON. Throws AwsError InvalidParameter. */
export function parseRetryPolicy(json: string): RetryPolicy {
  try {
    const document: unknown = JSON.parse(json);
    if (!isShape(document)) throw new SyntaxError("the policy is not a JSON object");
    const http = document["http"];
    const policy = isShape(http) ? http["defaultHealthyRetryPolicy"] : document["healthyRetryPolicy"];
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
