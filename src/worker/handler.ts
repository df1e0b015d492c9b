/**
 * The worker's HTTP: `/ping`, `/work`, and what is neither.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Burned } from "./burn.ts";
import { QueueFullError } from "./pool.ts";

/** What the handler is built from. */
export interface WorkerParts {
  /** Burns CPU once; the signal says that nobody waits any more. */
  readonly burn: (signal: AbortSignal) => Promise<Burned>;
  /** Told of an error that was answered 500. */
  readonly failed: (error: unknown) => void;
  /** Of kas; `kas admin doctor` compares it with the autoscaler's. */
  readonly version: string;
  /** ms since the epoch. */
  readonly now?: () => number;
}

const PLAIN = { "content-type": "text/plain" };

/** s after which a request that found the queue full may try again: a place is free after one burn. */
const RETRY_AFTER = 1;

/**
 * Builds the handler: `GET|HEAD /ping` → `pong`, `GET /work` → `<w>\t<seconds>`, all of it text/plain. /ping tells kas's
 * version in the header `kas-version`. Once a /work was answered, /ping says when the first was, in the header `kas-first-work`: the last phase of a start (R17).
 */
export function workerHandler(
  { burn, failed, version, now = Date.now }: WorkerParts,
): (request: Request) => Response | Promise<Response> {
  // Made once, as /ping is asked all the time.
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
      if (error instanceof QueueFullError) {
        return text("too many requests are waiting", STATUS_CODE.ServiceUnavailable, {
          "retry-after": `${RETRY_AFTER}`,
        });
      }
      // Nobody reads the answer to a client that went away, nor is it a failure.
      if (!request.signal.aborted) failed(error);
      return text("the work failed", STATUS_CODE.InternalServerError);
    }
  };
  return (request) => {
    const { method } = request;
    switch (new URL(request.url).pathname) {
      case "/ping":
        return method === "GET" || method === "HEAD" ? new Response("pong", pong) : notAllowed("GET, HEAD");
      case "/work":
        return method === "GET" ? work(request) : notAllowed("GET");
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
