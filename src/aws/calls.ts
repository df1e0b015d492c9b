/**
 * Each request that goes out to AWS, told to whoever counts them: retries one by one, which the SDK makes by itself.
 *
 * @module
 */
import { code, isCapacity, isThrottled, UnreachableError } from "./errors.ts";

/**
 * How a request may end: `capacity` is a lack of it, `refused` AWS's no to the request (4xx), `failed` AWS's own trouble
 * (5xx), `unreachable` no answer, or none in time, `aborted` one that nobody waited for any more.
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

/** How a request ended. */
export type Outcome = (typeof OUTCOMES)[number];

/** One request to AWS. */
export interface Call {
  /** As the SDK names its client: `EC2`, `ElasticLoadBalancing`, `ElasticLoadBalancingV2`, `CloudWatch`, `SNS`. */
  readonly service: string;
  /** `DescribeInstances`. */
  readonly operation: string;
  readonly outcome: Outcome;
  /** s. */
  readonly seconds: number;
  /** Whether it repeats one that failed. */
  readonly retry: boolean;
}

/** What the SDK hands to a middleware, as far as it matters here. */
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** What makes one attempt at a call, and a middleware of the SDK around it. */
type Handler<I, O> = (args: I) => Promise<O>;
export type Attempt = <I, O>(next: Handler<I, O>, context: Context) => Handler<I, O>;

/** A middleware that tells of each attempt at a call; its place is behind the retries. */
export function tellOf(told: (call: Call) => void): Attempt {
  return (next, context) => {
    let retry = false;
    return async (args) => {
      const begun = performance.now();
      const tell = (outcome: Outcome) => {
        const service = (context.clientName ?? "").replace(/Client$/, "");
        const operation = (context.commandName ?? "").replace(/Command$/, "");
        told({ service, operation, outcome, seconds: (performance.now() - begun) / 1_000, retry });
        retry = true;
      };
      try {
        const answer = await next(args);
        tell("ok");
        return answer;
      } catch (error) {
        tell(outcomeOf(error));
        throw error;
      }
    };
  };
}

/** How a request ended that failed. */
export function outcomeOf(error: unknown): Outcome {
  if (isThrottled(error)) return "throttled";
  if (isCapacity(error)) return "capacity";
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  return code(error) !== undefined && status !== undefined && status < 500 ? "refused" : "failed";
}
