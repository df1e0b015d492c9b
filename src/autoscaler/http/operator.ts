/**
 * The requests of operators, which arrive at the autoscaler's Unix socket.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { targetOf } from "../../process/http/target.ts";
import type { Journal } from "../store/journal.ts";
import { MAX_TIME } from "../store/sqlite/rows.ts";
import { BodyError, BodyReader } from "./body_limits.ts";
import { pausedJson } from "./status.ts";
import { text } from "./text.ts";

/** The largest number of characters of a pause's reason. */
export const LONGEST_REASON = 256;

const DIRECTIONS = z.array(z.enum(["out", "in"])).min(1).max(2);

/** The body of `POST /pause`. `until` is in ms since the epoch. */
const PAUSE = z.strictObject({
  directions: DIRECTIONS,
  until: z.int().max(MAX_TIME).optional(),
  reason: z.string().min(1).max(LONGEST_REASON).optional(),
});

/** The body of `POST /resume`. */
const RESUME = z.strictObject({ directions: DIRECTIONS });

/** The parts that the handler needs. */
export interface OperatorParts {
  readonly journal: Pick<Journal, "operatorPauses">;
  /** Resolves when everything that the journal contains is on disk. */
  readonly synced: () => Promise<void>;
  /** Called when an operator has resumed the scaling. */
  readonly onResume: () => void;
  readonly now: () => number;
}

const log = getLogger(["kas", "operator"]);

/** Returns the handler of operators' requests. Each response has the pauses that are in force. */
export function operatorHandler(parts: OperatorParts): (request: Request) => Promise<Response> {
  const { journal: { operatorPauses }, synced, onResume, now } = parts;
  const bodies = new BodyReader();
  const changes: ReadonlyMap<string, (body: unknown) => string | undefined> = new Map([
    ["/pause", (body: unknown) => {
      const { directions, until, reason } = PAUSE.parse(body);
      if (until !== undefined && until <= now()) return "until is not in the future";
      operatorPauses.pause(directions, {
        since: now(),
        ...(until === undefined ? {} : { until }),
        ...(reason === undefined ? {} : { reason }),
      });
      log.info("scaling paused", {
        directions,
        ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
        ...(reason === undefined ? {} : { reason }),
      });
      return undefined;
    }],
    ["/resume", (body: unknown) => {
      const { directions } = RESUME.parse(body);
      operatorPauses.resume(directions);
      log.info("scaling resumed", { directions });
      onResume();
      return undefined;
    }],
  ]);
  return async (request) => {
    const change = changes.get(targetOf(request)?.path ?? "");
    if (change === undefined) return text("not found", STATUS_CODE.NotFound);
    if (request.method !== "POST") {
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow: "POST" });
    }
    try {
      const refusal = await bodies.read(request, (body) => Promise.resolve(change(JSON.parse(body))));
      if (refusal !== undefined) return text(refusal, STATUS_CODE.BadRequest);
      await synced();
      return Response.json({ paused: pausedJson(operatorPauses.inForce(now())) });
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
