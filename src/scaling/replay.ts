/**
 * R16: a decision made again from its record, as it was or with other limits.
 *
 * @module
 */
import { decide } from "./decide.ts";
import { type Decision, RULES_VERSION } from "./model/decision.ts";
import type { Limits } from "./model/limits.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";

/** What a decision was made from, and the decision. */
export interface Recorded {
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The version of the rules that made it. */
  readonly rules: number;
}

/** Whether a value from JSON has the parts from which a decision can be made again. */
export function isRecorded(value: unknown): value is Recorded {
  return isObject(value) &&
    [value.trigger, value.decision].every((it) => isObject(it) && typeof it.kind === "string") &&
    isObject(value.observation) &&
    (value.observation.kind === "unobserved" || isWhole(value.observation, "inProgress"));
}

/**
 * Whether a value from JSON has the parts of an observation. Version 1 of the rules had another name for the activities in
 * progress.
 */
export function isWhole(value: unknown, inProgress: "inProgress" | "underWay"): boolean {
  return isObject(value) &&
    [value.limits, value.history].every(isObject) &&
    (value.cpu === undefined || isObject(value.cpu)) &&
    [value.instances, value.alarms, value[inProgress]].every(Array.isArray);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A decision made again. */
export interface Replayed {
  readonly decision: Decision;
  /** Whether it is the same: to the byte, or as far as {@linkcode sameOutcome} where the rules have changed since. */
  readonly same: boolean;
  /** Whether the rules have changed since it was recorded. */
  readonly rulesChanged: boolean;
}

/** Makes a decision again. */
export function replay({ trigger, observation, decision, rules }: Recorded): Replayed {
  const again = decide(trigger, observation);
  const rulesChanged = rules !== RULES_VERSION;
  const same = rulesChanged
    ? sameOutcome(again, decision)
    : JSON.stringify(again) === JSON.stringify(decision);
  return { decision: again, same, rulesChanged };
}

/** Whether two decisions have the same action, the same instances and the same deciding check. */
export function sameOutcome(a: Decision, b: Decision): boolean {
  return JSON.stringify(outcome(a)) === JSON.stringify(outcome(b));
}

/** A decision made with other limits. */
export interface Instead {
  readonly decision: Decision;
  /** Whether the action differs: another kind, or another instance. */
  readonly differs: boolean;
}

/** What the decision would be with other limits. Without an observation no limit changes it. */
export function instead({ trigger, observation, decision }: Recorded, limits: Partial<Limits>): Instead {
  const changed = isObserved(observation)
    ? { ...observation, limits: { ...observation.limits, ...limits } }
    : observation;
  const other = decide(trigger, changed);
  return { decision: other, differs: !sameAction(other, decision) };
}

/** Whether two decisions have the same action on the same instance. */
export function sameAction(a: Decision, b: Decision): boolean {
  const action = (it: Decision) => ("instance" in it ? `${it.kind} ${it.instance}` : it.kind);
  return action(a) === action(b);
}

/** A decision without its wording. */
function outcome(decision: Decision): object {
  const { reason: _, recommendation: __, ...rest } = decision;
  return Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}
