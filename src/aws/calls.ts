/**
 * The requests to AWS and their outcomes, for metrics and logs. Each retry by the SDK counts as a separate request.
 *
 * @module
 */
import { code, isInsufficientCapacity, isThrottled, UnreachableError } from "./errors.ts";

/**
 * The possible outcomes of a request.
 *
 * - `capacity`: EC2 has no capacity for the instance.
 * - `refused`: AWS rejects the request (4xx).
 * - `failed`: AWS fails (5xx).
 * - `unreachable`: no answer arrives in time.
 * - `aborted`: the caller aborted the request.
 */
export const OUTCOMES = [
  "ok",
  "throttled",
  "capacity",
  "refused",
  "failed",
  "unreachable",
  "aborted",
] as const;

/** The outcome of a request. */
export type Outcome = (typeof OUTCOMES)[number];

/** One request to AWS. */
export interface Call {
  /**
   * The SDK's name for the client: `EC2`, `ElasticLoadBalancing`, `ElasticLoadBalancingV2`, `CloudWatch`, `SNS`.
   */
  readonly service: string;
  /** The name of the operation, for example `DescribeInstances`. */
  readonly operation: string;
  readonly outcome: Outcome;
  /** The duration in seconds. */
  readonly seconds: number;
  /** Whether the request repeats a failed one. */
  readonly retry: boolean;
  /**
   * How far AWS's clock is ahead of this machine's clock, in ms, exact to about a second. Absent if AWS did not answer.
   */
  readonly clockOffset?: number;
}

/** Returns the outcome of a request that failed with this error. */
export function outcomeOf(error: unknown): Outcome {
  if (isThrottled(error)) return "throttled";
  if (isInsufficientCapacity(error)) return "capacity";
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  return code(error) !== undefined && status !== undefined && status < 500 ? "refused" : "failed";
}

/** The part of an HTTP response that kas uses. */
interface Answer {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns the Date header of an SDK output or error, in ms since the epoch. */
export function dateOf(result: unknown): number | undefined {
  const { response, $response } = result as { response?: Answer; $response?: Answer };
  const date = Date.parse((response ?? $response)?.headers?.["date"] ?? "");
  return Number.isNaN(date) ? undefined : date;
}
