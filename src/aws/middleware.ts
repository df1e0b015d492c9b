/**
 * Middlewares of the SDK's clients: they report each request, run a precondition before it, and mark errors with
 * their operation.
 *
 * @module
 */
import { type Call, dateOf, type Outcome, outcomeOf } from "./calls.ts";
import { setOperation } from "./errors.ts";

/** The used part of the arguments that the SDK passes to a middleware. */
interface Context {
  readonly clientName?: string;
  readonly commandName?: string;
}

/** Sends a request, and the middleware around it. */
type Handler<I, O> = (args: I) => Promise<O>;
type Middleware = <I, O>(next: Handler<I, O>, context: Context) => Handler<I, O>;

/** The middlewares of a client or a command: around the retries, or within them after the signing. */
export interface MiddlewareStack {
  add(middleware: Middleware, place: { step: "initialize"; name: string }): void;
  add(
    middleware: Middleware,
    place: { step: "finalizeRequest"; priority: "normal" | "low"; name: string },
  ): void;
}

/** Must hold before a request is sent. A rejection prevents the request. */
export type Precondition = () => Promise<unknown>;

/** Calls `onCall` when a request has ended, for each retry too. */
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
 * The Date header has whole seconds, so AWS's clock was half a second ahead of it on average. AWS wrote it halfway
 * through the request on average.
 */
function clockOffset(result: unknown, seconds: number): Pick<Call, "clockOffset"> {
  const date = dateOf(result);
  return date === undefined ? {} : { clockOffset: date + 500 - (Date.now() - seconds * 500) };
}

/**
 * Runs a precondition right before each request, retries included. A rejection ends the call, and no request is
 * reported.
 */
export function beforeEachAttempt(stack: MiddlewareStack, precondition: Precondition): void {
  stack.add(guarded(precondition), {
    step: "finalizeRequest",
    priority: "normal",
    name: "beforeEachAttempt",
  });
}

/** The commands that change nothing. */
const READING = /^(Describe|Get|List)/;

/** Runs a precondition right before each request of a command that may change something. */
export function beforeChange(stack: MiddlewareStack, precondition: Precondition): void {
  stack.add(
    (next, context) => READING.test(context.commandName ?? "") ? next : guarded(precondition)(next, context),
    { step: "finalizeRequest", priority: "normal", name: "beforeChange" },
  );
}

function guarded(precondition: Precondition): Middleware {
  return (next) => async (args) => {
    await precondition();
    return await next(args);
  };
}

/** IAM's name of a service, where it is not the client's name in lower case. */
const IAM_NAMES: Readonly<Record<string, string>> = { ElasticLoadBalancingV2: "elasticloadbalancing" };

/** Marks each error of a client with the operation that failed ({@linkcode setOperation}). */
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
