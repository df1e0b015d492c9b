/**
 * The one HTTP endpoint of the sandbox's AWS: finds the action that a request asks for, lets the faults strike, answers, and
 * keeps a record.
 *
 * @module
 */
import type { Signer } from "../sns/certificate.ts";
import type { Faults } from "../faults.ts";
import { accessDenied, signatureExpired } from "./access_errors.ts";
import { type Action, AwsError, type Service, type Shape } from "./action.ts";
import type { Clock } from "../clock.ts";
import { type AwsRequest, readRequest } from "./request.ts";
import { errorResponse, successResponse } from "./response.ts";
import { missingSignature } from "./access_errors.ts";
import type { ServiceName } from "./service_name.ts";

/** A call that reached the endpoint. */
export interface Call {
  /** ms since the epoch. */
  readonly at: number;
  readonly service: ServiceName;
  readonly action: string;
  readonly input: Shape;
  /** The error code it was answered with; `cut` or `wedge` where a fault kept it from its answer. */
  readonly error: string | undefined;
}

/** What the endpoint is made of. */
export interface EndpointOptions {
  readonly clock: Clock;
  readonly services: Readonly<Record<ServiceName, Service>>;
  /** SNS's actions that need no signature. */
  readonly unsigned: Service;
  /** Whose certificate is served. */
  readonly signer: Signer;
  readonly faults: Faults;
  readonly record: (call: Call) => void;
}

/** The endpoint's handler. */
export function endpoint(
  { clock, services, unsigned, signer, faults, record }: EndpointOptions,
): (request: Request) => Promise<Response> {
  const remembered = staleAnswers(clock, faults);
  let failures = 0;

  const act = async (received: AwsRequest): Promise<Shape | void> => {
    const { service, action, input, error } = received;
    if (error !== undefined) throw error;
    await faults.onCall?.({ service, action, input, moment: "before" });
    if (faults.latency > 0) await pause(clock, faults.latency);
    if (faults.wedgedActions.has(action) || faults.occurs("wedge")) throw new WedgedError();
    if (faults.clockOffset !== 0) checkSignatureAge(received, clock.now() + faults.clockOffset);
    if (faults.deniedActions.has(permission(service, action))) {
      throw accessDenied(service, permission(service, action));
    }
    if (faults.occurs("throttle")) throw throttled(service);
    if (faults.occurs("errors")) throw serverError(service, failures++ % 2 === 0);
    const carryOut = findAction(received, services, unsigned);
    // EC2 and ELB read the account as it was; what the other services keep is not there.
    const lagging = service === "ec2" || service.startsWith("elasticloadbalancing");
    const output = lagging ? await carryOut(input) : await remembered(received, carryOut);
    await faults.onCall?.({ service, action, input, moment: "after" });
    return output;
  };

  /** AWS tells its time with every answer; it is only where that is not this machine's that the server under it can't. */
  const dated = (response: Response): Response => {
    if (faults.clockOffset !== 0) {
      response.headers.set("date", new Date(clock.now() + faults.clockOffset).toUTCString());
    }
    return response;
  };

  return async (request) => {
    if (request.method === "GET" && new URL(request.url).pathname === signer.path) {
      return new Response(signer.pem, { headers: { "content-type": "application/x-pem-file" } });
    }
    let received: AwsRequest;
    try {
      received = await readRequest(request);
    } catch (error) {
      if (!isDisconnect(error)) throw error;
      return new Response(undefined, { status: 400 });
    }
    const { service, action, input } = received;
    const at = clock.now();
    try {
      const output = await act(received);
      const whole = dated(successResponse(received, output));
      const cut = faults.occurs("cut");
      record({ at, service, action, input, error: cut ? "cut" : undefined });
      return cut ? await truncated(whole) : whole;
    } catch (error) {
      if (error instanceof WedgedError) {
        record({ at, service, action, input, error: "wedge" });
        await untilAborted(request.signal);
        // Nobody is there to read it.
        return new Response();
      }
      const failure = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
      record({ at, service, action, input, error: failure.code });
      return dated(errorResponse(received, failure));
    }
  };
}

/** A request's body can't be read to its end: whoever sent it has gone, a process that was killed for one. Deno's versions differ. */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Http;
}

/** The action that a request asks for. Throws AwsError. */
function findAction(
  received: AwsRequest,
  services: EndpointOptions["services"],
  unsignedActions: Service,
): Action {
  const { service, action, signed } = received;
  const own = (actions: Service) => Object.hasOwn(actions, action) ? actions[action] : undefined;
  const open = service === "sns" ? own(unsignedActions) : undefined;
  if (!signed && open === undefined) throw missingSignature(service);
  const found = signed ? own(services[service]) : open;
  if (found !== undefined) return found;
  throw new AwsError("InvalidAction", `The action ${action} is not valid for this endpoint.`);
}

/** How far a signature's time may be from AWS's, ms. Source: IAM user guide, "Troubleshoot Signature Version 4 requests". */
const MAX_CLOCK_SKEW = 300_000;

/** Refuses a request that was signed by a clock that is too far from AWS's, which shows `now`. */
function checkSignatureAge({ service, signedAt }: AwsRequest, now: number): void {
  if (signedAt !== undefined && Math.abs(signedAt - now) > MAX_CLOCK_SKEW) {
    throw signatureExpired(service, signedAt, now);
  }
}

/** An action as IAM names it, which makes no difference between the versions of ELB. */
function permission(service: ServiceName, action: string): string {
  const prefix = service === "monitoring" ? "cloudwatch" : service.replace(/-v2$/, "");
  return `${prefix}:${action}`;
}

/** Reads that lag behind: while that fault lasts, an answer is given again until it is as old as the fault says. */
function staleAnswers(
  clock: Clock,
  faults: Faults,
): (received: AwsRequest, carryOut: Action) => Promise<Shape | void> {
  const answers = new Map<string, { readonly at: number; readonly output: Shape | void }>();
  return async ({ service, action, input }, carryOut) => {
    if (faults.staleReads === 0 || !/^(Describe|Get|List)/.test(action)) return await carryOut(input);
    const key = JSON.stringify([service, action, input]);
    const earlier = answers.get(key);
    if (earlier !== undefined && clock.now() - earlier.at < faults.staleReads) return earlier.output;
    const output = await carryOut(input);
    answers.set(key, { at: clock.now(), output });
    return output;
  };
}

/** A call that is not to be answered for as long as its client waits. */
class WedgedError extends Error {}

/** An answer whose connection breaks in the middle: it ends before its promised length. */
async function truncated(whole: Response): Promise<Response> {
  const bytes = await whole.bytes();
  const half = bytes.subarray(0, bytes.length / 2);
  // Compressed it would be of another length, and whole.
  const headers = { "content-length": `${bytes.length}`, "cache-control": "no-transform" };
  return new Response(new Blob([half]).stream(), {
    headers: { ...Object.fromEntries(whole.headers), ...headers },
  });
}

/** Source: EC2 API, "Server error codes"; the "Common Errors" of ELB, CloudWatch and SNS. */
function serverError(service: ServiceName, inside: boolean): AwsError {
  const code = inside
    ? (service === "ec2" ? "InternalError" : "InternalFailure")
    : (service === "ec2" ? "Unavailable" : "ServiceUnavailable");
  return inside
    ? new AwsError(code, "An internal error has occurred", 500)
    : new AwsError(code, "The service is unavailable. Please try again shortly.", 503);
}

function throttled(service: ServiceName): AwsError {
  return service === "ec2"
    ? new AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    : new AwsError("Throttling", "Rate exceeded");
}

/** Waits so many real ms. */
function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms * clock.speed, resolve));
}

/** Resolves once the signal is aborted. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
