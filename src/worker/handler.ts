/**
 * The worker's HTTP: `/ping`, `/work`, and what is neither.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { Burned } from "./burn.ts";

/** What the handler is built from. */
export interface WorkerParts {
  /** Whether as many requests wait for a burn as may. */
  readonly full: () => boolean;
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

/** To a request that finds the queue full. It may try again after a second: a place is free after one burn. */
const BUSY = { status: STATUS_CODE.ServiceUnavailable, headers: { ...PLAIN, "retry-after": "1" } };

/**
 * Builds the handler: `GET|HEAD /ping` → `pong`, `GET /work` → `<w>\t<seconds>`, all of it text/plain. /ping tells kas's
 * version in the header `kas-version`, and once a /work was answered, when the first was in `kas-first-work`: the last phase
 * of a start (R17).
 */
export function workerHandler(
  { full, burn, failed, version, now = Date.now }: WorkerParts,
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
      // Nobody reads the answer to a client that went away, nor is it a failure.
      if (!request.signal.aborted) failed(error);
      return text("the work failed", STATUS_CODE.InternalServerError);
    }
  };
  return (request) => {
    const { method } = request;
    switch (pathOf(request.url)) {
      case "/ping":
        return method === "GET" || method === "HEAD" ? new Response("pong", pong) : notAllowed("GET, HEAD");
      case "/work":
        if (method !== "GET") return notAllowed("GET");
        return full() ? new Response("too many requests are waiting", BUSY) : work(request);
      default:
        return text("not found", STATUS_CODE.NotFound);
    }
  };
}

/** A URL's path, without taking the rest of it apart: that alone would be a tenth of what a ping costs. */
function pathOf(url: string): string {
  const begin = url.indexOf("/", "https://".length);
  const query = url.indexOf("?", begin);
  return query < 0 ? url.slice(begin) : url.slice(begin, query);
}

function text(body: string, status: number = STATUS_CODE.OK, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...PLAIN, ...headers } });
}

function notAllowed(allow: string): Response {
  return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow });
}
