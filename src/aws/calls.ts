/**
 * Each request that goes out to AWS, told to whoever counts them: retries one by one, which the SDK makes by itself.
 *
 * @module
 */
import { code, isInsufficientCapacity, isThrottled, setOperation, UnreachableError } from "./errors.ts";

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
  /** How far AWS's clock was ahead of this machine's, ms, to the second that its answer tells; absent without an answer. */
  readonly clockOffset?: number;
}

/** What the SDK hands to a middleware, as far as it matters here. */
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** What makes one attempt at a call, and a middleware of the SDK around it. */
type Handler<I, O> = (args: I) => Promise<O>;
export type Middleware = <I, O>(next: Handler<I, O>, context: Context) => Handler<I, O>;

/** What is made sure of before an attempt; throwing keeps it from being made. */
export type Precondition = () => Promise<unknown>;

/** Where the SDK's clients and commands take such a middleware: around the retries, or behind them and the signing. */
export interface MiddlewareStack {
  add(call: Middleware, place: { step: "initialize"; name: string }): void;
  add(
    attempt: Middleware,
    place: { step: "finalizeRequest"; priority: "normal" | "low"; name: string },
  ): void;
}

/** A middleware that tells of each attempt at a call; its place is behind the retries. */
export function reportAttempts(told: (call: Call) => void): Middleware {
  return (next, context) => {
    let retry = false;
    return async (args) => {
      const begun = performance.now();
      const tell = (outcome: Outcome, answer: unknown) => {
        const service = (context.clientName ?? "").replace(/Client$/, "");
        const operation = (context.commandName ?? "").replace(/Command$/, "");
        const seconds = (performance.now() - begun) / 1_000;
        const date = dateOf(answer);
        // Its whole second begins up to one before the answer was made, which was at half the time the call took.
        const offset = date === undefined ? {} : { clockOffset: date + 500 - (Date.now() - seconds * 500) };
        told({ service, operation, outcome, seconds, retry, ...offset });
        retry = true;
      };
      try {
        const answer = await next(args);
        tell("ok", answer);
        return answer;
      } catch (error) {
        tell(outcomeOf(error), error);
        throw error;
      }
    };
  };
}

/** The Date of AWS's answer, ms since the epoch: of the SDK's output or error, which carry it. */
export function dateOf(answer: unknown): number | undefined {
  const { response, $response } = answer as { response?: Dated; $response?: Dated };
  const date = Date.parse((response ?? $response)?.headers?.["date"] ?? "");
  return Number.isNaN(date) ? undefined : date;
}

/** What the SDK hands around of an HTTP answer. */
interface Dated {
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Has a check made right before each attempt at a call, retries included; what it throws ends the call, and is no attempt to
 * {@linkcode reportAttempts}.
 */
export function beforeEachAttempt(stack: MiddlewareStack, check: Precondition): void {
  stack.add(guarded(check), { step: "finalizeRequest", priority: "normal", name: "beforeEach" });
}

/** The commands that change nothing. */
const READING = /^(Describe|Get|List)/;

/** The same of the calls that may change something. */
export function beforeChange(stack: MiddlewareStack, check: Precondition): void {
  stack.add(
    (next, context) => READING.test(context.commandName ?? "") ? next : guarded(check)(next, context),
    { step: "finalizeRequest", priority: "normal", name: "beforeChange" },
  );
}

function guarded(check: Precondition): Middleware {
  return (next) => async (args) => {
    await check();
    return await next(args);
  };
}

/** As IAM names them, where that is not the client's name in lower case. */
const SERVICES: Readonly<Record<string, string>> = { ElasticLoadBalancingV2: "elasticloadbalancing" };

/** A middleware that notes on each error which call it came from; its place is before the retries. */
export function nameOperation<I, O>(next: Handler<I, O>, context: Context): Handler<I, O> {
  const client = (context.clientName ?? "").replace(/Client$/, "");
  const action = (context.commandName ?? "").replace(/Command$/, "");
  return async (args) => {
    try {
      return await next(args);
    } catch (error) {
      setOperation(error, `${SERVICES[client] ?? client.toLowerCase()}:${action}`);
      throw error;
    }
  };
}

/** How a request ended that failed. */
export function outcomeOf(error: unknown): Outcome {
  if (isThrottled(error)) return "throttled";
  if (isInsufficientCapacity(error)) return "capacity";
  if (error instanceof UnreachableError) return "unreachable";
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  return code(error) !== undefined && status !== undefined && status < 500 ? "refused" : "failed";
}
