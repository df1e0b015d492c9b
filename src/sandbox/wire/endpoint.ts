/**
 * The HTTP endpoint of the sandbox's AWS. It finds the action that a request names, injects faults, responds, and
 * records the call.
 *
 * @module
 */
import type { Signer } from "../sns/certificate.ts";
import type { Faults } from "../faults/faults.ts";
import { RateLimits } from "../faults/rate_limits.ts";
import { accessDenied, missingSignature, signatureExpired } from "./access_errors.ts";
import { type Action, AwsError, type Service, type Shape } from "./action.ts";
import type { Clock } from "../clock.ts";
import { type AwsRequest, readRequest } from "./request.ts";
import { errorResponse, successResponse } from "./response.ts";
import { iamPrefix, type ServiceName } from "./service_name.ts";

/** A recorded call. */
export interface Call {
  /** ms since the epoch. */
  readonly at: number;
  readonly service: ServiceName;
  readonly action: string;
  readonly input: Shape;
  /** The error code of the response; `cut` or `wedge` if a fault prevented the response; undefined on success. */
  readonly error: string | undefined;
}

/** What the endpoint is made of. */
export interface EndpointOptions {
  readonly clock: Clock;
  readonly services: Readonly<Record<ServiceName, Service>>;
  /** SNS's actions that need no signature. */
  readonly unsigned: Service;
  /** The endpoint serves its certificate. */
  readonly signer: Signer;
  readonly faults: Faults;
  readonly record: (call: Call) => void;
}

/** Returns the endpoint's handler. */
export function endpoint(
  { clock, services, unsigned, signer, faults, record }: EndpointOptions,
): (request: Request) => Promise<Response> {
  const repeatStale = staleResponses(clock, faults);
  const limits = new RateLimits(clock);
  let failures = 0;

  const act = async (received: AwsRequest): Promise<Shape | void> => {
    const { service, action, input, error } = received;
    if (error !== undefined) throw error;
    await faults.onCall?.({ service, action, input, moment: "before" });
    if (faults.latency > 0) await pause(clock, faults.latency);
    if (faults.wedgedActions.has(action) || faults.occurs("wedge")) throw new WedgedError();
    if (faults.clockOffset !== 0) checkSignatureAge(received, clock.now() + faults.clockOffset);
    const permission = `${iamPrefix(service)}:${action}`;
    if (faults.deniedActions.has(permission)) {
      throw accessDenied(service, permission);
    }
    if (faults.occurs("throttle")) throw throttled(service);
    if (faults.rateLimits && !limits.take(service, action)) throw throttled(service);
    if (faults.occurs("errors")) throw serverError(service, failures++ % 2 === 0);
    const carryOut = findAction(received, services, unsigned);
    // EC2 and ELB read an earlier snapshot of the account. The snapshot does not include the other services' resources.
    const lagging = service === "ec2" || service.startsWith("elasticloadbalancing");
    const output = lagging ? await carryOut(input) : await repeatStale(received, carryOut);
    await faults.onCall?.({ service, action, input, moment: "after" });
    return output;
  };

  /**
   * Every response of AWS has AWS's time. The HTTP server adds this machine's time, which is wrong only with a clock
   * offset.
   */
  const withDate = (response: Response): Response => {
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
      const response = withDate(successResponse(received, output));
      const cut = faults.occurs("cut");
      record({ at, service, action, input, error: cut ? "cut" : undefined });
      return cut ? await truncated(response) : response;
    } catch (error) {
      if (error instanceof WedgedError) {
        record({ at, service, action, input, error: "wedge" });
        await untilAborted(request.signal);
        // The client has disconnected.
        return new Response();
      }
      const failure = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
      record({ at, service, action, input, error: failure.code });
      return withDate(errorResponse(received, failure));
    }
  };
}

/**
 * Whether an error means that the client disconnected while it sent the body. Deno's versions differ in the class.
 */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Http;
}

/** Finds the action that a request names. Throws AwsError. */
function findAction(
  received: AwsRequest,
  services: EndpointOptions["services"],
  unsignedActions: Service,
): Action {
  const { service, action, signed } = received;
  const ownAction = (actions: Service) => Object.hasOwn(actions, action) ? actions[action] : undefined;
  const unsignedAction = service === "sns" ? ownAction(unsignedActions) : undefined;
  if (!signed && unsignedAction === undefined) throw missingSignature(service);
  const found = signed ? ownAction(services[service]) : unsignedAction;
  if (found !== undefined) return found;
  throw new AwsError("InvalidAction", `The action ${action} is not valid for this endpoint.`);
}

/**
 * Greatest difference between a signature's time and AWS's, ms. Source: IAM user guide, "Troubleshoot Signature Version
 * 4 requests".
 */
const MAX_CLOCK_SKEW = 300_000;

/** Throws AwsError if a signature's time is too far from AWS's time `now`. */
function checkSignatureAge({ service, signedAt }: AwsRequest, now: number): void {
  if (signedAt !== undefined && Math.abs(signedAt - now) > MAX_CLOCK_SKEW) {
    throw signatureExpired(service, signedAt, now);
  }
}

/** Wraps reads so that, with the faults stale-reads and read-lag, an earlier response repeats while it is young enough. */
function staleResponses(
  clock: Clock,
  faults: Faults,
): (received: AwsRequest, carryOut: Action) => Promise<Shape | void> {
  const responses = new Map<string, { readonly at: number; readonly output: Shape | void }>();
  return async ({ service, action, input }, carryOut) => {
    const age = /^(Describe|Get|List)/.test(action) ? faults.readAge() : 0;
    if (age === 0) return await carryOut(input);
    const key = JSON.stringify([service, action, input]);
    const earlier = responses.get(key);
    if (earlier !== undefined && clock.now() - earlier.at < age) return earlier.output;
    const output = await carryOut(input);
    responses.set(key, { at: clock.now(), output });
    return output;
  };
}

/** Thrown for a call that gets no response. */
class WedgedError extends Error {}

/** Returns a response that ends before its promised length. */
async function truncated(response: Response): Promise<Response> {
  const bytes = await response.bytes();
  const half = bytes.subarray(0, bytes.length / 2);
  // Compression would give the truncated body a correct length.
  const headers = { "content-length": `${bytes.length}`, "cache-control": "no-transform" };
  return new Response(new Blob([half]).stream(), {
    headers: { ...Object.fromEntries(response.headers), ...headers },
  });
}

/**
 * Returns a service's error 500 or 503. Source: EC2 API, "Server error codes"; the "Common Errors" of ELB, CloudWatch
 * and SNS.
 */
function serverError(service: ServiceName, internal: boolean): AwsError {
  const code = internal
    ? (service === "ec2" ? "InternalError" : "InternalFailure")
    : (service === "ec2" ? "Unavailable" : "ServiceUnavailable");
  return internal
    ? new AwsError(code, "An internal error has occurred", 500)
    : new AwsError(code, "The service is unavailable. Please try again shortly.", 503);
}

function throttled(service: ServiceName): AwsError {
  return service === "ec2"
    ? new AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    : new AwsError("Throttling", "Rate exceeded");
}

/** Waits for a number of real ms. */
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
