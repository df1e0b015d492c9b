/**
 * The worker's HTTP handler: `/ping`, `/work`, and 404 for all else.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { targetOf } from "../process/http/target.ts";
import type { BurnResult } from "./burn.ts";

/** The parts of the handler. */
export interface WorkerParts {
  /** Whether the queue is full. */
  readonly full: () => boolean;
  /** Burns CPU once. The signal aborts when the client is gone. */
  readonly burn: (signal: AbortSignal) => Promise<BurnResult>;
  /** Called with each error that is answered with 500. */
  readonly onFailure: (error: unknown) => void;
  /** The version of kas. `kas admin doctor` compares it with the autoscaler's. */
  readonly version: string;
  /** ms since the epoch. */
  readonly now?: () => number;
}

const PLAIN = { "content-type": "text/plain" };

/** The answer when the queue is full. One burn takes about half a second, so a retry after one second makes sense. */
const BUSY = { status: STATUS_CODE.ServiceUnavailable, headers: { ...PLAIN, "retry-after": "1" } };

/**
 * Builds the handler: `GET|HEAD /ping` → `pong`, `GET /work` → `<w>\t<seconds>`, both text/plain. The answer to /ping has the
 * header `kas-version`. After the first answer to /work it also has `kas-first-work`, the time of that answer: the last phase
 * of a start (R17).
 */
export function workerHandler(
  { full, burn, onFailure, version, now = Date.now }: WorkerParts,
): (request: Request) => Response | Promise<Response> {
  // Built once: load balancers and clients request /ping all the time.
  const headers = { ...PLAIN, "kas-version": version };
  let pong: ResponseInit = { headers };
  let worked = false;
  const work = async (request: Request): Promise<Response> => {
    try {
      const { w, seconds } = await burn(request.signal);
      if (!worked) {
        worked = true;
        pong = { headers: { ...headers, "kas-first-work": new Date(now()).toISOString() } };
      }
      return text(`${w}\t${seconds.toFixed(6)}`);
    } catch (error) {
      // A client that disconnects is not a failure.
      if (!request.signal.aborted) onFailure(error);
      return text("the work failed", STATUS_CODE.InternalServerError);
    }
  };
  return (request) => {
    const { method } = request;
    switch (targetOf(request)?.path) {
      case "/ping":
        return method === "GET" || method === "HEAD" ? new Response("pong", pong) : notAllowed("GET, HEAD");
      case "/work":
        if (method !== "GET") return notAllowed("GET");
        return full() ? new Response("too many requests are waiting", BUSY) : work(request);
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
