/**
 * R16: makes a decision again from its record, with the same limits or with other limits.
 *
 * @module
 */
import { decide } from "./decide.ts";
import { type Action, type Decision, instanceOf, RULES_VERSION } from "./model/decision.ts";
import type { Limits } from "./model/limits.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";

/** A recorded decision, with the trigger and the observation from which kas made it. */
export interface Recorded {
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The version of the rules with which kas made the decision. */
  readonly rules: number;
}

/** Whether a value from JSON has the parts from which kas can make a decision again. */
export function isRecorded(value: unknown): value is Recorded {
  return isObject(value) &&
    isObject(value.trigger) && typeof value.trigger.kind === "string" &&
    isObject(value.decision) && Array.isArray(value.decision.actions) &&
    isObject(value.observation) &&
    (value.observation.kind === "unobserved" || isWhole(value.observation, "inProgress"));
}

/**
 * Whether a value from JSON has the parts of an observation. In records of version 1 of the rules, `inProgress` has the name
 * `underWay`.
 */
export function isWhole(value: unknown, inProgress: "inProgress" | "underWay"): boolean {
  return isObject(value) &&
    [value.limits, value.history].every(isObject) &&
    (value.cpu === undefined || isObject(value.cpu)) &&
    (value.windows === undefined || Array.isArray(value.windows)) &&
    [value.instances, value.alarms, value[inProgress]].every(Array.isArray);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The decision that kas made again from a record. */
export interface Replayed {
  readonly decision: Decision;
  /** Whether it is the same decision, byte for byte. If the rules have changed since, whether {@linkcode sameOutcome} is true. */
  readonly same: boolean;
  /** Whether the rules have changed since kas recorded the decision. */
  readonly rulesChanged: boolean;
}

/** Makes a recorded decision again. */
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

/** The decision that kas would have made with other limits. */
export interface Instead {
  readonly decision: Decision;
  /** Whether the action is of another kind, or on another instance. */
  readonly differs: boolean;
}

/** Makes a recorded decision again with other limits. If kas did not observe the fleet, the limits do not change the decision. */
export function instead({ trigger, observation, decision }: Recorded, limits: Partial<Limits>): Instead {
  const changed = isObserved(observation)
    ? { ...observation, limits: { ...observation.limits, ...limits } }
    : observation;
  const other = decide(trigger, changed);
  return { decision: other, differs: !sameAction(other, decision) };
}

/** Whether two decisions have the same actions on the same instances. */
export function sameAction(a: Decision, b: Decision): boolean {
  const actions = (it: Decision) =>
    it.actions.map((action) => `${action.kind} ${instanceOf(action) ?? ""}`).join();
  return actions(a) === actions(b);
}

/** Returns the actions of a decision with their instances, and the deciding check. */
function outcome({ actions, checks: [deciding] }: Decision): object {
  const inOrder = (action: Action) => Object.entries(action).sort(([a], [b]) => (a < b ? -1 : 1));
  return [actions.map((action) => Object.fromEntries(inOrder(action))), deciding];
}
