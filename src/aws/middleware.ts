/**
 * Middlewares that kas adds to the SDK's clients. They report each request, run a precondition before a request, and
 * record in each error which operation failed.
 *
 * @module
 */
import { type Call, dateOf, type Outcome, outcomeOf } from "./calls.ts";
import { isThrottled, setOperation } from "./errors.ts";
import type { Pacer } from "./sdk/pace.ts";

/** The part of the SDK's arguments to a middleware that kas uses. */
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** One stage of a call to AWS: it sends the request, or calls the next stage. */
type Handler<I, O> = (args: I) => Promise<O>;
type Middleware = <I, O>(next: Handler<I, O>, context: Context) => Handler<I, O>;

/**
 * The middlewares of a client or of a command. A middleware of the step `initialize` runs once for each call. A
 * middleware of the step `finalizeRequest` runs once for each attempt, after the SDK has signed the request.
 */
export interface MiddlewareStack {
  add(middleware: Middleware, place: { step: "initialize"; name: string }): void;
  add(
    middleware: Middleware,
    place: { step: "finalizeRequest"; priority: "normal" | "low"; name: string },
  ): void;
  addRelativeTo(
    middleware: Middleware,
    place: { relation: "before"; toMiddleware: "httpSigningMiddleware"; name: string },
  ): void;
}

/** Runs before a request. If it rejects, kas does not send the request. */
export type Precondition = () => Promise<unknown>;

/** Calls `onCall` after each request, and so after each retry too. */
export function reportCalls(stack: MiddlewareStack, onCall: (call: Call) => void): void {
  stack.add(reporting(onCall), { step: "finalizeRequest", priority: "low", name: "reportCalls" });
}

function reporting(onCall: (call: Call) => void): Middleware {
  return (next, { clientName = "", commandName = "" }) => {
    const service = clientName.replace(/Client$/, "");
    const operation = commandName.replace(/Command$/, "");
    let retry = false;
    return async (args) => {
      const begun = performance.now();
      const report = (outcome: Outcome, result: unknown) => {
        const seconds = (performance.now() - begun) / 1_000;
        onCall({ service, operation, outcome, seconds, retry, ...clockOffset(result, seconds) });
        retry = true;
      };
      try {
        const output = await next(args);
        report("ok", output);
        return output;
      } catch (error) {
        report(outcomeOf(error), error);
        throw error;
      }
    };
  };
}

/**
 * Estimates how far AWS's clock is ahead of this machine's clock, in ms. The Date header has whole seconds, so AWS's
 * clock was half a second later than the header on average. The estimate assumes that AWS wrote the header halfway
 * through the request.
 */
function clockOffset(result: unknown, seconds: number): Pick<Call, "clockOffset"> {
  const date = dateOf(result);
  return date === undefined ? {} : { clockOffset: date + 500 - (Date.now() - seconds * 500) };
}

/**
 * Runs a precondition right before each request, and so before each retry too. If the precondition rejects, the call
 * fails with its error, and {@linkcode reportCalls} reports no request.
 */
export function beforeEachAttempt(stack: MiddlewareStack, precondition: Precondition): void {
  stack.add(guarded(precondition), {
    step: "finalizeRequest",
    priority: "normal",
    name: "beforeEachAttempt",
  });
}

/** Matches the commands that change nothing in the account. */
const READING = /^(Describe|Get|List)/;

/** Runs a precondition right before each request of a command that may change something. */
export function beforeChange(stack: MiddlewareStack, precondition: Precondition): void {
  stack.add(
    (next, context) => READING.test(context.commandName ?? "") ? next : guarded(precondition)(next, context),
    { step: "finalizeRequest", priority: "normal", name: "beforeChange" },
  );
}

/** How {@linkcode pace} paces a client. */
export interface PaceOptions {
  /** Whether {@linkcode pace} also paces the commands that change nothing in the account. */
  readonly reads: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Paces the requests of a client, retries included. The SDK signs a request after its pause, because AWS rejects a signature
 * that is older than five minutes. The preconditions also run after the pause.
 */
export function pace(stack: MiddlewareStack, pacer: Pacer, options: PaceOptions): void {
  stack.addRelativeTo(pacing(pacer, options), {
    relation: "before",
    toMiddleware: "httpSigningMiddleware",
    name: "pace",
  });
}

function pacing(pacer: Pacer, { reads, signal }: PaceOptions): Middleware {
  return (next, { clientName = "", commandName = "" }) => {
    if (!reads && READING.test(commandName)) return next;
    const operation = `${clientName} ${commandName}`;
    return async (args) => {
      const sentAt = await pacer.turn(operation, signal);
      try {
        const output = await next(args);
        pacer.accepted(operation);
        return output;
      } catch (error) {
        if (isThrottled(error)) pacer.throttled(operation, sentAt);
        throw error;
      }
    };
  };
}

function guarded(precondition: Precondition): Middleware {
  return (next) => async (args) => {
    await precondition();
    return await next(args);
  };
}

/** The name of a service in IAM permissions, for each client whose own name in lower case is not that name. */
const IAM_NAMES: Readonly<Record<string, string>> = { ElasticLoadBalancingV2: "elasticloadbalancing" };

/** Records in each error of a client which operation failed ({@linkcode setOperation}). */
export function markErrors(stack: MiddlewareStack): void {
  stack.add(marking, { step: "initialize", name: "markErrors" });
}

function marking<I, O>(next: Handler<I, O>, { clientName = "", commandName = "" }: Context): Handler<I, O> {
  const client = clientName.replace(/Client$/, "");
  const action = commandName.replace(/Command$/, "");
  return async (args) => {
    try {
      return await next(args);
    } catch (error) {
      setOperation(error, `${IAM_NAMES[client] ?? client.toLowerCase()}:${action}`);
      throw error;
    }
  };
}
