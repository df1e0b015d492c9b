/**
 * R22: the capacity that an operator asked for. Records what an evaluation means for it: it begins to apply, it goes on, or it ends.
 *
 * @module
 */
import type { Decision } from "../../scaling/model/decision.ts";
import type { Observation, Override } from "../../scaling/model/observation.ts";
import { type CapacityTrigger, isWhole, type Trigger } from "../../scaling/model/trigger.ts";
import { heldChange } from "../../scaling/plan.ts";
import { hasReached, whyOutOfBounds } from "../../scaling/policies/operator.ts";
import type { Journal } from "../store/journal.ts";
import type { Overrides } from "../store/operator/override.ts";

/** How long kas tries to reach a capacity without `--for`, in ms. */
const TRY_FOR = 900_000;

/** Returns what operators want at a time: the pauses, and the capacity that one of them asked for. */
export function wishesOf(
  { operatorPauses, overrides }: Pick<Journal, "operatorPauses" | "overrides">,
  now: number,
): Pick<Observation, "paused" | "override"> {
  const paused = operatorPauses.inForce(now);
  const override = overrides.inForce(now);
  return { ...(paused === undefined ? {} : { paused }), ...(override === undefined ? {} : { override }) };
}

/** Records what a decision means for the capacity that an operator asked for. Call this in the decision's transaction. */
export function noteOverride(
  overrides: Overrides,
  trigger: Trigger,
  observation: Observation,
  decision: Decision,
): void {
  const isAsked = trigger.kind === "operator" && trigger.direction === "to";
  const override = isAsked
    ? overrideOf(trigger, observation)
    // The decision on a notification or another command does not follow the capacity.
    : isWhole(trigger)
    ? observation.override
    : undefined;
  if (override === undefined) return;
  if (isAsked) overrides.set(override);
  const held = heldChange(decision);
  const outcome = hasReached(override, observation) ? "reached" : held === undefined ? "pending" : "held";
  const checks = outcome === "held" && held !== undefined ? [held] : [];
  overrides.note({ override, outcome, checks, reason: decision.reason });
  if (override.once && outcome !== "pending") overrides.end();
}

/** Returns the override that a command sets. Undefined if kas refuses the command. */
function overrideOf({ capacity, until }: CapacityTrigger, observation: Observation): Override | undefined {
  if (whyOutOfBounds(capacity, observation) !== undefined) return undefined;
  const { now } = observation;
  return { capacity, since: now, until: until ?? now + TRY_FOR, once: until === undefined };
}
