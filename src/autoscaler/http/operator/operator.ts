/**
 * The requests of operators, which arrive at the autoscaler's Unix socket.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { targetOf } from "../../../process/http/target.ts";
import type { Journal } from "../../store/journal.ts";
import { MAX_TIME } from "../../store/sqlite/rows.ts";
import { chooseFleet } from "../choose_fleet.ts";
import { BodyError, BodyReader } from "../body_limits.ts";
import { auto, progress, scale, type ScaleParts } from "./scale.ts";
import { LONGEST_REASON } from "./socket_path.ts";
import { pausedJson } from "../status.ts";
import { text } from "../text.ts";

const DIRECTION = z.enum(["out", "in"]);
const DIRECTIONS = z.array(DIRECTION).min(1).max(2);

/** The body of `POST /pause`. `until` is in ms since the epoch. */
const PAUSE = z.strictObject({
  directions: DIRECTIONS,
  until: z.int().max(MAX_TIME).optional(),
  reason: z.string().min(1).max(LONGEST_REASON).optional(),
});

/** The body of `POST /resume`. */
const RESUME = z.strictObject({ directions: DIRECTIONS });

/** What the handler needs of a running fleet. */
export interface OperatorParts extends ScaleParts {
  readonly fleet: string;
  readonly journal: ScaleParts["journal"] & Pick<Journal, "operatorPauses">;
}

/** Answers a request with this body. */
type Action = (parts: OperatorParts, body: unknown) => Promise<Response>;

/** The actions by path. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["/pause", pause],
  ["/resume", resume],
  ["/scale", scale],
  ["/auto", auto],
  ["/progress", progress],
]);

const log = getLogger(["kas", "operator"]);

/**
 * Returns the handler of operators' requests. All requests are `POST` with a JSON body. The parameter `fleet` of the URL chooses one of
 * several fleets.
 */
export function operatorHandler(
  fleets: readonly (OperatorParts | { readonly fleet: string; readonly problem: string })[],
): (request: Request) => Promise<Response> {
  const bodies = new BodyReader();
  return async (request) => {
    const { path = "", query } = targetOf(request) ?? {};
    const action = ACTIONS.get(path);
    if (action === undefined) return text("not found", STATUS_CODE.NotFound);
    if (request.method !== "POST") {
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow: "POST" });
    }
    const parts = chooseFleet(fleets, new URLSearchParams(query));
    if (parts instanceof Response) return parts;
    if ("problem" in parts) {
      return text(`fleet ${parts.fleet} could not start: ${parts.problem}`, STATUS_CODE.ServiceUnavailable);
    }
    try {
      return await bodies.read(request, (body) => action(parts, JSON.parse(body)));
    } catch (error) {
      if (error instanceof BodyError) return text(error.message, error.status);
      if (error instanceof SyntaxError || error instanceof z.ZodError) {
        return text("the body is not a request of kas admin", STATUS_CODE.BadRequest);
      }
      log.error("request failed", { reason: (error as Error).message });
      return text("internal error", STATUS_CODE.InternalServerError);
    }
  };
}

async function pause(parts: OperatorParts, body: unknown): Promise<Response> {
  const { journal: { operatorPauses }, now } = parts;
  const { directions, until, reason } = PAUSE.parse(body);
  if (until !== undefined && until <= now()) {
    return text("the end of the pause is not in the future", STATUS_CODE.BadRequest);
  }
  operatorPauses.pause(directions, {
    since: now(),
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
  });
  log.info("scaling paused", {
    fleet: parts.fleet,
    directions,
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(reason === undefined ? {} : { reason }),
  });
  return await pauses(parts);
}

async function resume(parts: OperatorParts, body: unknown): Promise<Response> {
  const { directions } = RESUME.parse(body);
  parts.journal.operatorPauses.resume(directions);
  log.info("scaling resumed", { fleet: parts.fleet, directions });
  parts.onRelease();
  return await pauses(parts);
}

/** Waits until the pauses in force are on disk, and returns them. */
async function pauses({ journal: { operatorPauses }, synced, now }: OperatorParts): Promise<Response> {
  await synced();
  return Response.json({ paused: pausedJson(operatorPauses.inForce(now())) });
}
