/**
 * The autoscaler's HTTP endpoint. It receives messages of SNS (R12, R14), and responds with the autoscaler's state and metrics.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { accepts } from "@std/http/negotiation";
import { STATUS_CODE } from "@std/http/status";
import { hostsOf, isAddress, type Target, targetOf } from "../../process/http/target.ts";
import { BodyReader } from "./body_limits.ts";
import { decisionLines } from "./decisions.ts";
import type { DecisionQuery, DecisionRecord } from "../store/decisions.ts";
import type { JournalLine } from "../store/lines.ts";
import { DamagedRowError } from "../store/sqlite/rows.ts";
import { chooseFleet } from "./choose_fleet.ts";
import type { MessageOutcome } from "./metrics/labels.ts";
import { indexPage } from "./page/index.ts";
import { PAGE_HEADERS } from "./page/layout.ts";
import { type DownFleet, type FleetInbox, receive, type ReceiverParts } from "./receive.ts";
import type { Snapshot } from "./snapshot.ts";
import { type SummarizedFleet, summaryOf } from "./summary.ts";
import { text } from "./text.ts";

/** A running fleet, as the endpoint reads it. */
export interface FleetParts extends FleetInbox {
  /** Returns the JSON of `GET /status`, without the counts of messages. */
  readonly status: () => object;
  /** Returns the present state of the fleet. */
  readonly snapshot: () => Snapshot;
  /** Returns the HTML page of `GET /status`. `messages` has the counts of messages by outcome. */
  readonly page: (messages: Readonly<Record<string, number>>) => string;
  /** Returns the latest decisions and activities, newest first. */
  readonly activities: (limit: number) => readonly JournalLine[];
  /** Returns the record of a decision. */
  readonly decision: (query: DecisionQuery) => DecisionRecord | undefined;
}

/** The parts of the endpoint's handler. */
export interface HandlerParts extends Omit<ReceiverParts, "bodies"> {
  readonly fleets: readonly (FleetParts | DownFleet)[];
  /** The reader of request bodies. Default: a reader with the default limits. */
  readonly bodies?: BodyReader;
  /** Host names for which the endpoint answers requests for its state. It also answers requests for IP addresses and localhost. */
  readonly hosts: readonly string[];
  /**
   * Identifies the autoscaler. The endpoint sends these values in headers of the response to `/ping`, because nginx
   * forwards requests for `/ping` but not for `/status`.
   */
  readonly identity: Identity;
  /** Returns the body of `GET /metrics` and its content type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

/** Identifies an autoscaler. */
export interface Identity {
  /** The name of the fleet. If there are several, their names, separated by commas. */
  readonly fleet: string;
  /** The version of kas. */
  readonly version: string;
  /** When the autoscaler started, in ISO 8601. */
  readonly started: string;
  /** The names of the fleets that could not start, separated by commas. Absent if there are none. */
  readonly down?: string;
}

/** The handlers of a path, by method. */
interface Route {
  /**
   * Set if the handlers answer requests for any host name. The other handlers answer only requests for known host names and
   * IP addresses. So a web page of an attacker cannot read the state with a host name that the attacker's DNS resolves to
   * this server.
   */
  readonly isPublic?: true;
  readonly methods: ReadonlyMap<string, (request: Request, target: Target) => Response | Promise<Response>>;
}

/** The number of lines that `GET /activities` returns. */
const LINES = { default: 100, max: 10_000 };

const log = getLogger(["kas", "http"]);

/** Returns the handler of all requests. If an error occurs, the handler logs it and responds with 500. */
export function handler(parts: HandlerParts): (request: Request) => Promise<Response> {
  const refused = newCounts();
  const counted = parts.fleets.map((fleet) => "inbox" in fleet ? withCounts(fleet) : fleet);
  const [first] = counted;
  const alone = counted.length === 1 && first !== undefined && "inbox" in first ? first : undefined;
  const receiver: ReceiverParts = {
    ...parts,
    bodies: parts.bodies ?? new BodyReader(),
    fleets: counted,
    // If there is one fleet, the messages that kas refuses count as messages of this fleet.
    onRefused: alone?.onMessage ?? ((outcome, reason) => {
      refused[outcome]++;
      parts.onRefused(outcome, reason);
    }),
  };
  const ofFleet = (query: string, respond: (fleet: Counted, query: URLSearchParams) => Response) => {
    const given = new URLSearchParams(query);
    const fleet = chooseFleet(counted, given);
    if (fleet instanceof Response) return fleet;
    given.delete("fleet");
    return "inbox" in fleet
      ? respond(fleet, given)
      : text(`fleet ${fleet.fleet} could not start: ${fleet.problem}`, STATUS_CODE.ServiceUnavailable);
  };

  const identity = Object.fromEntries(
    Object.entries(parts.identity).map(([name, value]) => [`kas-${name}`, value]),
  );
  // Use maps instead of objects: a request chooses the key, and an object also has inherited keys such as `constructor`.
  const routes: ReadonlyMap<string, Route> = new Map([
    ["/", { isPublic: true, methods: new Map([["POST", (request) => receive(receiver, request)]]) }],
    ["/ping", { isPublic: true, ...get(() => text("pong", STATUS_CODE.OK, identity)) }],
    [
      "/status",
      get((request, { query }) => {
        const isHtml = accepts(request, "application/json", "text/html") === "text/html";
        const isIndex = counted.length > 1 && !new URLSearchParams(query).has("fleet");
        const response = isIndex
          ? index(parts, refused, isHtml)
          : ofFleet(query, (fleet) => fleetStatus(fleet, isHtml));
        response.headers.set("vary", "accept");
        return response;
      }),
    ],
    ["/activities", get((_, { query }) => ofFleet(query, activities))],
    ["/decisions", get((_, { query }) => ofFleet(query, decisions))],
    [
      "/metrics",
      get(async () => {
        const { type, text: body } = await parts.metrics();
        return text(body, STATUS_CODE.OK, { "content-type": type });
      }),
    ],
  ]);
  const hosts = new Set(parts.hosts);
  const isKnown = (host: string) => isAddress(host) || hosts.has(host);

  return async (request) => {
    const target = targetOf(request);
    if (target === undefined) return text("bad request", STATUS_CODE.BadRequest);
    const route = routes.get(target.path);
    if (route === undefined) return text("not found", STATUS_CODE.NotFound);
    if (!route.isPublic && !hostsOf(request).every(isKnown)) {
      return text("this host is neither an IP address nor set with --host", STATUS_CODE.MisdirectedRequest);
    }
    const respond = route.methods.get(request.method);
    if (respond === undefined) {
      const allow = [...route.methods.keys()].join(", ");
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow });
    }
    try {
      return await respond(request, target);
    } catch (error) {
      log.error("request failed", { path: target.path, reason: (error as Error).message });
      return text("internal error", STATUS_CODE.InternalServerError);
    }
  };
}

/** Returns a route that answers GET and HEAD with `respond`. */
function get(respond: (request: Request, target: Target) => Response | Promise<Response>): Route {
  return { methods: new Map([["GET", respond], ["HEAD", respond]]) };
}

/** The numbers of messages, by outcome. */
type Counts = Record<MessageOutcome, number>;

/** A running fleet, and the numbers of its messages. */
interface Counted extends FleetParts {
  readonly counts: Counts;
}

function newCounts(): Counts {
  return { accepted: 0, duplicate: 0, unsubscribed: 0, refused: 0, failed: 0 };
}

function withCounts(fleet: FleetParts): Counted {
  const counts = newCounts();
  return {
    ...fleet,
    counts,
    onMessage: (outcome, reason) => {
      counts[outcome]++;
      fleet.onMessage(outcome, reason);
    },
  };
}

function fleetStatus({ counts, inbox, page, status }: Counted, isHtml: boolean): Response {
  const messages = { ...counts, waiting: inbox.waiting() };
  return isHtml
    ? new Response(page(messages), { headers: PAGE_HEADERS })
    : Response.json({ ...status(), messages });
}

/** Returns the status of an autoscaler with several fleets: a summary of each. */
function index(parts: HandlerParts, { refused, failed }: Counts, isHtml: boolean): Response {
  const { identity: { version, started }, now } = parts;
  const fleets = parts.fleets.map(summarized);
  const messages = { refused, failed };
  return isHtml
    ? new Response(indexPage({ version, started, now: now(), fleets, messages }), { headers: PAGE_HEADERS })
    : Response.json({ version, started, fleets: fleets.map(summaryOf), messages });
}

/** A fleet whose journal kas cannot read does not hide the others. */
function summarized(parts: FleetParts | DownFleet): SummarizedFleet {
  const { fleet } = parts;
  if (!("inbox" in parts)) return parts;
  try {
    return { fleet, snapshot: parts.snapshot() };
  } catch (error) {
    return { fleet, problem: (error as Error).message };
  }
}

function activities(parts: FleetParts, query: URLSearchParams): Response {
  const limit = query.get("limit") ?? String(LINES.default);
  if (!/^\d{1,5}$/.test(limit) || Number(limit) > LINES.max) {
    return text(`limit: expected a whole number up to ${LINES.max}`, STATUS_CODE.BadRequest);
  }
  return Response.json(parts.activities(Number(limit)));
}

function decisions({ decision }: FleetParts, query: URLSearchParams): Response {
  let lines: string | undefined;
  try {
    lines = decisionLines(query, decision);
  } catch (error) {
    if (!(error instanceof DamagedRowError)) throw error;
    return text(error.message, STATUS_CODE.InternalServerError);
  }
  if (lines === undefined) {
    return text("expected id=N, at=MS, after=N, or no parameter", STATUS_CODE.BadRequest);
  }
  return text(lines, STATUS_CODE.OK, { "content-type": "application/jsonl; charset=utf-8" });
}
