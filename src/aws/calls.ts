/**
 * Requests to AWS and how they end, for metrics and logs. The SDK's retries are requests of their own.
 *
 * @module
 */
import { code, isInsufficientCapacity, isThrottled, UnreachableError } from "./errors.ts";

/**
 * How a request may end.
 *
 * - `capacity`: EC2 has no capacity for the instance.
 * - `refused`: AWS rejects the request (4xx).
 * - `failed`: AWS fails (5xx).
 * - `unreachable`: no answer arrives in time.
 * - `aborted`: the caller no longer waits.
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
  /** How far AWS's clock is ahead of this machine's, ms, to the second. Absent without an answer. */
  readonly clockOffset?: number;
}

/** The outcome of a failed request. */
export function outcomeOf(error: unknown): Outcome {
  if (isThrottled(error)) return "throttled";
  if (isInsufficientCapacity(error)) return "capacity";
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  return code(error) !== undefined && status !== undefined && status < 500 ? "refused" : "failed";
}

/** The used part of an HTTP response. */
interface Answer {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The Date header of an SDK output or error, in ms since the epoch. */
export function dateOf(result: unknown): number | undefined {
  const { response, $response } = result as { response?: Answer; $response?: Answer };
  const date = Date.parse((response ?? $response)?.headers?.["date"] ?? "");
  return Number.isNaN(date) ? undefined : date;
}
