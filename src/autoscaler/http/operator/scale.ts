/**
 * The requests of `kas admin scale`: they change the capacity, and follow the change.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { describeError } from "../../../aws/error_messages.ts";
import type { CapacityTrigger, OperatorTrigger } from "../../../scaling/model/trigger.ts";
import { capacityOf } from "../../../scaling/model/capacity.ts";
import type { Observation } from "../../../scaling/model/observation.ts";
import { activityStates, decidedOf, refusalOf } from "../../control/command.ts";
import type { Evaluation } from "../../control/evaluate.ts";
import type { Journal } from "../../store/journal.ts";
import { MAX_TIME } from "../../store/sqlite/rows.ts";
import { MOST_INSTANCES } from "./socket_path.ts";
import { text } from "../text.ts";

/** The body of `POST /scale`. With `dryRun`, kas only decides. */
const SCALE = z.union([
  z.strictObject({
    direction: z.enum(["out", "in"]),
    instance: z.string().min(1).optional(),
    count: z.int().min(1).max(MOST_INSTANCES).optional(),
    dryRun: z.boolean(),
  }),
  z.strictObject({
    direction: z.literal("to"),
    capacity: z.int().min(0).max(MOST_INSTANCES),
    /** When the capacity stops applying, in ms since the epoch. If absent, the capacity applies until the fleet has it. */
    until: z.int().max(MAX_TIME).optional(),
    dryRun: z.boolean(),
  }),
]);

/** The body of `POST /auto`. */
const AUTO = z.strictObject({});

/** The body of `POST /progress`: the ids of activities, and a time in ms since the epoch. */
const PROGRESS = z.strictObject({
  ids: z.array(z.int()).max(MOST_INSTANCES),
  /** The answer also has the activities in progress that began at this time or later. */
  since: z.int().max(MAX_TIME).optional(),
});

/** The parts that the requests need. */
export interface ScaleParts {
  readonly journal: Pick<Journal, "overrides" | "unfinished" | "line" | "steps">;
  /** Resolves when everything that the journal contains is on disk. */
  readonly synced: () => Promise<void>;
  /** Called when an operator has ended a capacity, so that the policies decide again. */
  readonly onRelease: () => void;
  /** Evaluates a command of an operator. With `isTrial`, kas only decides. */
  readonly evaluate: (trigger: OperatorTrigger | CapacityTrigger, isTrial: boolean) => Promise<Evaluation>;
  /** The last observation of the fleet. Undefined before the first. */
  readonly observation: () => Observation | undefined;
  readonly now: () => number;
}

/** Changes the capacity, or with `dryRun` only decides. Refuses a capacity outside the bounds with 409. */
export async function scale(parts: ScaleParts, body: unknown): Promise<Response> {
  const asked = SCALE.parse(body);
  const { dryRun } = asked;
  const { journal, now } = parts;
  if (asked.direction === "to" && asked.until !== undefined && asked.until <= now()) {
    return text("the end of the capacity is not in the future", STATUS_CODE.BadRequest);
  }
  let evaluation: Evaluation;
  try {
    evaluation = await parts.evaluate(triggerOf(asked), dryRun);
  } catch (error) {
    return text(`cannot observe the fleet: ${describeError(error).message}`, STATUS_CODE.BadGateway);
  }
  const refusal = refusalOf(evaluation);
  if (refusal !== undefined) return text(refusal, STATUS_CODE.Conflict);
  if (asked.direction === "to") await parts.synced();
  return Response.json(decidedOf(evaluation, journal, { now: now(), isTrial: dryRun }));
}

/** Ends the capacity that an operator asked for. Answers with this capacity. */
export async function auto(
  { journal, synced, onRelease, now }: ScaleParts,
  body: unknown,
): Promise<Response> {
  AUTO.parse(body);
  const override = journal.overrides.inForce(now()) ?? null;
  journal.overrides.end();
  onRelease();
  await synced();
  return Response.json({ override });
}

/** Answers with the states of activities, and the fleet's progress towards the capacity that an operator asked for. */
export function progress({ journal, observation, now }: ScaleParts, body: unknown): Promise<Response> {
  const { ids, since = Infinity } = PROGRESS.parse(body);
  const begun = journal.unfinished().filter(({ began }) => began >= since).map(({ id }) => id);
  const observed = observation();
  return Promise.resolve(Response.json({
    activities: activityStates([...new Set([...ids, ...begun])], journal, now()),
    inService: observed === undefined ? null : capacityOf(observed).inService,
    override: journal.overrides.inForce(now()) ?? null,
    progress: journal.overrides.progress ?? null,
  }));
}

/** Returns the trigger that a request asks for. */
function triggerOf(asked: z.infer<typeof SCALE>): OperatorTrigger | CapacityTrigger {
  if (asked.direction === "to") {
    const { capacity, until } = asked;
    return { kind: "operator", direction: "to", capacity, ...(until === undefined ? {} : { until }) };
  }
  const { direction, instance, count } = asked;
  return {
    kind: "operator",
    direction,
    ...(instance === undefined ? {} : { instance }),
    ...(count === undefined ? {} : { count }),
  };
}
