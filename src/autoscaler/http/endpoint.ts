/**
 * The autoscaler's HTTP endpoint: receives messages (R12, R14) and answers questions about its state.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { accepts } from "@std/http/negotiation";
import { STATUS_CODE } from "@std/http/status";
import { BodyReader } from "./body_limits.ts";
import { decisionLines } from "./decisions.ts";
import type { DecisionQuery, DecisionRecord } from "../store/decisions.ts";
import type { JournalLine } from "../store/lines.ts";
import { PAGE_HEADERS } from "./page/page.ts";
import { receive, type ReceiverParts } from "./receive.ts";
import { text } from "./text.ts";

/** What the handler uses. */
export interface HandlerParts extends Omit<ReceiverParts, "bodies"> {
  /** Absent: with the default limits. */
  readonly bodies?: BodyReader;
  /** The headers of `/ping`. nginx passes `/ping` on, and `/status` not. */
  readonly identity: Identity;
  /** The JSON of `GET /status`, without the counts of messages. */
  readonly status: () => object;
  /** The page of `GET /status`. */
  readonly page: (messages: Readonly<Record<string, number>>) => string;
  /** The latest decisions and activities, newest first. */
  readonly activities: (limit: number) => readonly JournalLine[];
  /** One decision with all that it was made from. */
  readonly decision: (query: DecisionQuery) => DecisionRecord | undefined;
  /** The body of `GET /metrics`, and its content type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

/** Identifies an autoscaler. */
export interface Identity {
  readonly fleet: string;
  /** The version of kas. */
  readonly version: string;
  /** When it started, ISO 8601. */
  readonly started: string;
}

/** The number of lines of `GET /activities`. */
const LINES = { default: 100, max: 10_000 };

const log = getLogger(["kas", "http"]);

/** Makes the handler of all requests. It never rejects. */
export function handler(parts: HandlerParts): (request: Request) => Promise<Response> {
  const counts = { accepted: 0, duplicate: 0, unsubscribed: 0, refused: 0, failed: 0 };
  const receiver: ReceiverParts = {
    ...parts,
    bodies: parts.bodies ?? new BodyReader(),
    onMessage: (outcome, reason) => {
      counts[outcome]++;
      parts.onMessage(outcome, reason);
    },
  };

  const identity = Object.fromEntries(
    Object.entries(parts.identity).map(([name, value]) => [`kas-${name}`, value]),
  );
  const routes: Record<
    string,
    Partial<Record<string, (request: Request, url: URL) => Response | Promise<Response>>>
  > = {
    "/": { POST: (request) => receive(receiver, request) },
    "/ping": { GET: () => text("pong", STATUS_CODE.OK, identity) },
    "/status": {
      GET: (request) => {
        const messages = { ...counts, waiting: parts.inbox.waiting() };
        const vary = { vary: "accept" };
        return accepts(request, "application/json", "text/html") === "text/html"
          ? new Response(parts.page(messages), { headers: { ...PAGE_HEADERS, ...vary } })
          : Response.json({ ...parts.status(), messages }, { headers: vary });
      },
    },
    "/activities": { GET: (_, url) => activities(parts, url) },
    "/decisions": { GET: (_, url) => decisions(parts, url) },
    "/metrics": {
      GET: async () => {
        const { type, text: body } = await parts.metrics();
        return text(body, STATUS_CODE.OK, { "content-type": type });
      },
    },
  };

  return async (request) => {
    // The Host header is part of the URL, and may be any text.
    const url = URL.parse(request.url);
    if (url === null) return text("bad request", STATUS_CODE.BadRequest);
    const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
    if (methods === undefined) return text("not found", STATUS_CODE.NotFound);
    const respond = methods[request.method === "HEAD" ? "GET" : request.method];
    if (respond === undefined) {
      const allow = Object.keys(methods).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
        .join(", ");
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow });
    }
    try {
      return await respond(request, url);
    } catch (error) {
      log.error("request failed", { path: url.pathname, reason: (error as Error).message });
      return text("internal error", STATUS_CODE.InternalServerError);
    }
  };
}

function activities(parts: HandlerParts, url: URL): Response {
  const limit = url.searchParams.get("limit") ?? String(LINES.default);
  if (!/^\d{1,5}$/.test(limit) || Number(limit) > LINES.max) {
    return text(`limit: expected a whole number up to ${LINES.max}`, STATUS_CODE.BadRequest);
  }
  return Response.json(parts.activities(Number(limit)));
}

function decisions({ decision }: HandlerParts, { searchParams }: URL): Response {
  const lines = decisionLines(searchParams, decision);
  if (lines === undefined) {
    return text("expected id=N, at=MS, after=N, or no parameter", STATUS_CODE.BadRequest);
  }
  return text(lines, STATUS_CODE.OK, { "content-type": "application/jsonl; charset=utf-8" });
}
