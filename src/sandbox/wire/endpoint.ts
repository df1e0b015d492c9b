/**
 * The HTTP endpoint of the sandbox's AWS services. The endpoint finds the action that a request names, injects faults, returns
 * the response, and records the API call.
 *
 * @module
 */
import type { BilledUnits } from "../account/billing.ts";
import type { Signer } from "../sns/certificate.ts";
import type { Faults } from "../faults/faults.ts";
import { RateLimits } from "../faults/rate_limits.ts";
import { accessDenied, missingSignature, signatureExpired } from "./access_errors.ts";
import { type Action, AwsError, type Service, type Shape } from "./action.ts";
import type { Clock } from "../clock.ts";
import { type AwsRequest, readRequest } from "./request.ts";
import { errorResponse, successResponse } from "./response.ts";
import { iamPrefix, type ServiceName } from "./service_name.ts";
import { untilAborted } from "./until_aborted.ts";

/** The path at which the endpoint shows the units that AWS would bill. AWS has no such path. */
export const BILLED_PATH = "/billed";

/** The path to which a client posts faults, such as `hangs=i-1`, while the sandbox runs. AWS has no such path. */
export const FAULTS_PATH = "/faults";

/** A recorded API call. */
export interface Call {
  /** Time of the call in ms since the epoch. */
  readonly at: number;
  readonly service: ServiceName;
  readonly action: string;
  readonly input: Shape;
  /** Error code of the response; `cut` or `wedge` if a fault prevented the response; undefined on success. */
  readonly error: string | undefined;
}

/** Options of {@linkcode endpoint}. */
export interface EndpointOptions {
  readonly clock: Clock;
  readonly services: Readonly<Record<ServiceName, Service>>;
  /** SNS's API actions that need no signature. */
  readonly unsigned: Service;
  /** Signer of SNS's messages. The endpoint serves the signer's certificate. */
  readonly signer: Signer;
  readonly faults: Faults;
  readonly record: (call: Call) => void;
  /** Returns the units that AWS would bill so far. */
  readonly billed: () => BilledUnits;
  /** Aborts when the sandbox stops. Calls that a latency fault delays then fail. */
  readonly stopping: AbortSignal;
}

/** Returns the function that handles HTTP requests to the endpoint. */
export function endpoint(
  { clock, services, unsigned, signer, faults, record, billed, stopping }: EndpointOptions,
): (request: Request) => Promise<Response> {
  const repeatStale = staleResponses(clock, faults);
  const limits = new RateLimits(clock);
  let failures = 0;

  const act = async (received: AwsRequest): Promise<Shape | void> => {
    const { service, action, input, error } = received;
    if (error !== undefined) throw error;
    await faults.onCall?.({ service, action, input, moment: "before" });
    if (faults.latency > 0) await pause(clock, faults.latency, stopping);
    if (faults.wedgedActions.has(action) || faults.occurs("wedge")) throw new WedgedError();
    if (faults.clockOffset !== 0) checkSignatureAge(received, clock.now() + faults.clockOffset);
    const permission = `${iamPrefix(service)}:${action}`;
    if (faults.deniedActions.has(permission)) {
      throw accessDenied(service, permission);
    }
    if (faults.occurs("throttle")) throw throttled(service);
    if (faults.rateLimits && !limits.take(service, action, input)) throw throttled(service);
    if (faults.occurs("errors")) throw serverError(service, failures++ % 2 === 0);
    const carryOut = findAction(received, services, unsigned);
    // EC2 and ELB read an earlier snapshot of the account. The snapshot does not contain resources of other services.
    const lagging = service === "ec2" || service.startsWith("elasticloadbalancing");
    const output = lagging ? await carryOut(input) : await repeatStale(received, carryOut);
    await faults.onCall?.({ service, action, input, moment: "after" });
    return output;
  };

  /**
   * Sets the Date header of a response to AWS's time. The HTTP server would set the host's time, which differs from AWS's time if
   * a clock offset is set.
   */
  const withDate = (response: Response): Response => {
    if (faults.clockOffset !== 0) {
      response.headers.set("date", new Date(clock.now() + faults.clockOffset).toUTCString());
    }
    return response;
  };

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === FAULTS_PATH) return await setFaults(faults, request);
    if (request.method === "GET") {
      if (pathname === signer.path) {
        return new Response(signer.pem, { headers: { "content-type": "application/x-pem-file" } });
      }
      if (pathname === BILLED_PATH) return Response.json(billed());
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
        // The client has closed the connection.
        return new Response();
      }
      const failure = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
      record({ at, service, action, input, error: failure.code });
      return withDate(errorResponse(received, failure));
    }
  };
}

/** Sets the faults in the body of a request, a form. Returns the HTTP status 400 at the first invalid fault. */
async function setFaults(faults: Faults, request: Request): Promise<Response> {
  try {
    for (const [name, value] of new URLSearchParams(await request.text())) faults.set(`${name}=${value}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new Response(`${error.message}\n`, { status: 400 });
  }
  return new Response(undefined, { status: 204 });
}

/**
 * Returns whether an error means that the client disconnected during the request. Deno versions throw different error classes.
 */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Http;
}

/** Finds the API action that a request names. Throws AwsError. */
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
 * Maximum difference between the time of a signature and AWS's time in ms. Source: IAM user guide, "Troubleshoot Signature
 * Version 4 requests".
 */
const MAX_CLOCK_SKEW = 300_000;

/** Throws AwsError if the time of a signature differs too much from AWS's time `now`. */
function checkSignatureAge({ service, signedAt }: AwsRequest, now: number): void {
  if (signedAt !== undefined && Math.abs(signedAt - now) > MAX_CLOCK_SKEW) {
    throw signatureExpired(service, signedAt, now);
  }
}

/**
 * How long the endpoint keeps a response to repeat it, in ms of real time. Without this limit, the responses to
 * requests that contain a time would fill the memory, because these requests are never equal.
 */
const STALE_RESPONSE_MS = 60_000;

/** Wraps read actions. With the faults stale-reads and read-lag, a wrapped action repeats an earlier response for a time. */
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
    const at = clock.now();
    // Delete and insert the response again, so that the map stays in the order of the responses' times.
    responses.delete(key);
    responses.set(key, { at, output });
    for (const [old, response] of responses) {
      if (at - response.at < STALE_RESPONSE_MS) break;
      responses.delete(old);
    }
    return output;
  };
}

/** Internal error for a call that never gets a response. */
class WedgedError extends Error {}

/** Returns a copy of a response that ends before its declared length. */
async function truncated(response: Response): Promise<Response> {
  const bytes = await response.bytes();
  const half = bytes.subarray(0, bytes.length / 2);
  // Compression would replace the declared length by the real length of the truncated body.
  const headers = { "content-length": `${bytes.length}`, "cache-control": "no-transform" };
  return new Response(new Blob([half]).stream(), {
    headers: { ...Object.fromEntries(response.headers), ...headers },
  });
}

/**
 * Returns a service's error with status 500 or 503. Source: EC2 API, "Server error codes"; "Common Errors" of ELB, CloudWatch
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

/** Waits for a number of ms of real time. Rejects when `stopping` aborts. */
async function pause(clock: Clock, ms: number, stopping: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => reject(new AwsError("ServiceUnavailable", "The sandbox is stopping.", 503));
  if (stopping.aborted) stop();
  stopping.addEventListener("abort", stop, { once: true });
  using _timer = clock.after(ms * clock.speed, resolve);
  try {
    await promise;
  } finally {
    stopping.removeEventListener("abort", stop);
  }
}
