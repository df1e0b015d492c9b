/**
 * The HTTP handler of the worker, which serves `/ping`, `/work` and `/metrics` and returns 404 for all other paths.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { targetOf } from "../process/http/target.ts";
import type { BurnResult } from "./burn.ts";
import { EXPOSITION, type WorkOutcome } from "./metrics.ts";

/** The functions and values that the worker's HTTP handler uses. */
export interface WorkerParts {
  /** Returns whether the queue of /work requests is full. */
  readonly full: () => boolean;
  /** Uses CPU once, for one /work request. The signal aborts when the client disconnects. */
  readonly burn: (signal: AbortSignal) => Promise<BurnResult>;
  /** Callback for each error that causes a response with status 500. */
  readonly onFailure: (error: unknown) => void;
  /** Callback for each /work request that ends. */
  readonly onEnd: (outcome: WorkOutcome) => void;
  /** Returns the metrics of the worker as text. */
  readonly metrics: () => Promise<string>;
  /** Version of kas on the worker. `kas admin doctor` compares this version with the autoscaler's version. */
  readonly version: string;
  /** Returns the current time in ms since the epoch. Default: Date.now. */
  readonly now?: () => number;
}

const PLAIN = { "content-type": "text/plain" };

/** The response to /work when the queue is full. One burn takes about half a second, so a client can retry after one second. */
const BUSY = { status: STATUS_CODE.ServiceUnavailable, headers: { ...PLAIN, "retry-after": "1" } };

/**
 * Returns the HTTP handler. `GET|HEAD /ping` returns `pong`, and `GET /work` returns `<w>\t<seconds>`, both as text/plain.
 * `GET|HEAD /metrics` returns the metrics.
 *
 * The response to /ping has the header `kas-version`. When the worker has answered a /work request, the response to /ping also has
 * the header `kas-first-work`, the time of the first such answer. This time is the end of the last phase of a start (R17).
 */
export function workerHandler(
  { full, burn, onFailure, onEnd, metrics, version, now = Date.now }: WorkerParts,
): (request: Request) => Response | Promise<Response> {
  // The handler builds the response to /ping only once, because load balancers and clients request /ping very often.
  const headers = { ...PLAIN, "kas-version": version };
  let pong: ResponseInit = { headers };
  let worked = false;
  const work = async (request: Request): Promise<Response> => {
    try {
      const { w, seconds } = await burn(request.signal);
      onEnd("served");
      if (!worked) {
        worked = true;
        pong = { headers: { ...headers, "kas-first-work": new Date(now()).toISOString() } };
      }
      return text(`${w}\t${seconds.toFixed(6)}`);
    } catch (error) {
      // A request whose client disconnects is not a failure.
      onEnd(request.signal.aborted ? "cancelled" : "failed");
      if (!request.signal.aborted) onFailure(error);
      return text("the /work request failed", STATUS_CODE.InternalServerError);
    }
  };
  return (request) => {
    const { method } = request;
    switch (targetOf(request)?.path) {
      case "/ping":
        return method === "GET" || method === "HEAD" ? new Response("pong", pong) : notAllowed("GET, HEAD");
      case "/work":
        if (method !== "GET") return notAllowed("GET");
        if (!full()) return work(request);
        onEnd("refused");
        return new Response("too many requests are waiting", BUSY);
      case "/metrics":
        if (method !== "GET" && method !== "HEAD") return notAllowed("GET, HEAD");
        return metrics().then((text) => new Response(text, { headers: { "content-type": EXPOSITION } }));
      case undefined:
        return text("bad request", STATUS_CODE.BadRequest);
      default:
        return text("not found", STATUS_CODE.NotFound);
    }
  };
}

function text(body: string, status: number = STATUS_CODE.OK, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...PLAIN, ...headers } });
}

function notAllowed(allow: string): Response {
  return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow });
}
