/**
 * The requests of operators, which arrive at the autoscaler's Unix socket.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { describeError } from "../../aws/error_messages.ts";
import { targetOf } from "../../process/http/target.ts";
import type { CapacityTrigger, OperatorTrigger } from "../../scaling/model/trigger.ts";
import { boundsOf, capacityOf } from "../../scaling/model/capacity.ts";
import { instanceOf } from "../../scaling/model/decision.ts";
import type { Evaluation } from "../control/evaluate.ts";
import type { Journal } from "../store/journal.ts";
import { MAX_TIME } from "../store/sqlite/rows.ts";
import { BodyError, BodyReader } from "./body_limits.ts";
import { LONGEST_REASON } from "./socket_path.ts";
import { pausedJson } from "./status.ts";
import { text } from "./text.ts";

const DIRECTION = z.enum(["out", "in"]);
const DIRECTIONS = z.array(DIRECTION).min(1).max(2);

/** The largest number of instances in a request. */
const MOST = 10_000;

/** How long kas tries to reach a capacity without an end, in ms. */
const TRY_FOR = 900_000;

/** The body of `POST /pause`. `until` is in ms since the epoch. */
const PAUSE = z.strictObject({
  directions: DIRECTIONS,
  until: z.int().max(MAX_TIME).optional(),
  reason: z.string().min(1).max(LONGEST_REASON).optional(),
});

/** The body of `POST /resume`. */
const RESUME = z.strictObject({ directions: DIRECTIONS });

/** The body of `POST /scale`. With `dryRun`, kas only decides. */
const SCALE = z.union([
  z.strictObject({
    direction: DIRECTION,
    instance: z.string().min(1).optional(),
    count: z.int().min(1).max(MOST).optional(),
    dryRun: z.boolean(),
  }),
  z.strictObject({
    direction: z.literal("to"),
    capacity: z.int().min(0).max(MOST),
    /** When the capacity ends to apply, in ms since the epoch. Absent: when the fleet has it. */
    until: z.int().max(MAX_TIME).optional(),
    dryRun: z.boolean(),
  }),
]);

/** The body of `POST /activity`: the id of an activity. */
const ACTIVITY = z.strictObject({ id: z.int() });

/** The parts that the handler needs. */
export interface OperatorParts {
  readonly journal: Pick<Journal, "operatorPauses" | "overrides" | "line" | "steps">;
  /** Resolves when everything that the journal contains is on disk. */
  readonly synced: () => Promise<void>;
  /** Called when an operator has resumed the scaling. */
  readonly onResume: () => void;
  /** Evaluates a command of an operator. With `isTrial`, kas only decides. */
  readonly evaluate: (trigger: OperatorTrigger | CapacityTrigger, isTrial: boolean) => Promise<Evaluation>;
  readonly now: () => number;
}

/** Answers a request with this body. */
type Action = (parts: OperatorParts, body: unknown) => Promise<Response>;

/** The actions by path. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ["/pause", pause],
  ["/resume", resume],
  ["/scale", scale],
  ["/activity", activity],
]);

const log = getLogger(["kas", "operator"]);

/** Returns the handler of operators' requests. All requests are `POST` with a JSON body. */
export function operatorHandler(parts: OperatorParts): (request: Request) => Promise<Response> {
  const bodies = new BodyReader();
  return async (request) => {
    const action = ACTIONS.get(targetOf(request)?.path ?? "");
    if (action === undefined) return text("not found", STATUS_CODE.NotFound);
    if (request.method !== "POST") {
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow: "POST" });
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
    directions,
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(reason === undefined ? {} : { reason }),
  });
  return await pauses(parts);
}

async function resume(parts: OperatorParts, body: unknown): Promise<Response> {
  const { directions } = RESUME.parse(body);
  parts.journal.operatorPauses.resume(directions);
  log.info("scaling resumed", { directions });
  parts.onResume();
  return await pauses(parts);
}

/** Returns the pauses that are in force, when they are on disk. */
async function pauses({ journal: { operatorPauses }, synced, now }: OperatorParts): Promise<Response> {
  await synced();
  return Response.json({ paused: pausedJson(operatorPauses.inForce(now())) });
}

async function scale({ evaluate, journal, now }: OperatorParts, body: unknown): Promise<Response> {
  const asked = SCALE.parse(body);
  const { dryRun } = asked;
  let evaluation: Evaluation;
  try {
    evaluation = await evaluate(triggerOf(asked), dryRun);
  } catch (error) {
    return text(`cannot observe the fleet: ${describeError(error).message}`, STATUS_CODE.BadGateway);
  }
  const { decision: { desired, actions, reason, checks }, observation, activities } = evaluation;
  if (!dryRun && asked.direction === "to") {
    const { capacity, until } = asked;
    const since = now();
    const once = until === undefined;
    if (once && checks.length > 0) journal.overrides.end();
    else journal.overrides.set({ capacity, since, until: until ?? since + TRY_FOR, once });
  }
  const { current, inService } = capacityOf(observation);
  const { min, max } = boundsOf(observation);
  return Response.json({
    desired,
    current,
    inService,
    min: min.value,
    max: max.value,
    actions: actions.map((action) => ({ kind: action.kind, instance: instanceOf(action) ?? null })),
    reason,
    checks,
    activities: activities.map(({ id }) => id),
  });
}

/** Returns the trigger that a request asks for. */
function triggerOf(asked: z.infer<typeof SCALE>): OperatorTrigger | CapacityTrigger {
  if (asked.direction === "to") return { kind: "operator", direction: "to", capacity: asked.capacity };
  const { direction, instance, count } = asked;
  return {
    kind: "operator",
    direction,
    ...(instance === undefined ? {} : { instance }),
    ...(count === undefined ? {} : { count }),
  };
}

/** Returns the status of an activity, and its last step. */
function activity({ journal, now }: OperatorParts, body: unknown): Promise<Response> {
  const { id } = ACTIVITY.parse(body);
  const line = journal.line({ id }, now());
  if (line === undefined) return Promise.resolve(text("not found", STATUS_CODE.NotFound));
  const last = journal.steps(id).at(-1);
  const { status, instance, reason } = line;
  const step = last === undefined ? null : `${last.step}${last.ended === undefined ? "…" : ""}`;
  return Promise.resolve(Response.json({ status, instance, reason, step }));
}
