/**
 * The pipeline that makes a decision from a trigger and an observation. docs/rules.md describes the rules.
 *
 *     trigger ──────▶ observation ──▶ policies ──▶ selection ──▶ checks ──────▶ decision
 *     notification    fleet, alarms,  how much     which         the first      desired, and a list
 *     reconcile       load, history   capacity     instances     that holds     of actions: start, launch,
 *     schedule                        is wanted                  ends a list    stop, terminate
 *     operator
 *
 * The function is pure. The same trigger and observation give the same decision, byte for byte, on every machine, also after
 * they were converted to JSON and back (R16).
 *
 * @module
 */
import { checkProcessed } from "./checks/not_newest.ts";
import { capacityOf } from "./model/capacity.ts";
import type { Decision } from "./model/decision.ts";
import { indexFleet } from "./model/fleet_index.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { type ActionList, changeOf, listsOf } from "./plan.ts";
import { fromNotification } from "./policies/alarms.ts";
import { consult } from "./policies/policies.ts";
import { sentences } from "./words.ts";

/** Makes a decision: a list of actions, which may be empty, and always a reason (R15). */
export function decide(trigger: Trigger, observation: Observation | Unobserved): Decision {
  if (!isObserved(observation)) return decideUnobserved(trigger, observation);
  const index = indexFleet(observation);
  const advice = consult(trigger, observation, index);
  const lists = listsOf({ trigger, observation, index }, advice);
  const { current } = capacityOf(observation);
  if (lists.length === 0) return { desired: current, ...noAction(advice.why) };
  const actions = lists.flat().flatMap(({ action }) => action ?? []);
  return {
    desired: actions.reduce((sum, action) => sum + changeOf(action), current),
    actions,
    reason: sentences(...lists.map(reasonOf)),
    checks: lists.flat().flatMap(({ held }) => held?.name ?? []),
    recommendations: [...advice.recommendations, ...stopsIn(lists)],
  };
}

/** Returns the capacity that the fleet wants, before the checks. */
export function wantedOf(trigger: Trigger, observation: Observation): number {
  return consult(trigger, observation, indexFleet(observation)).wanted;
}

/** The largest number of selections that a reason describes. For more selections, the reason has only their number. */
const DESCRIBED = 2;

/** Returns the reason of a list: why the actions are recommended, and what the checks say. */
function reasonOf(list: ActionList): string {
  const [first] = list;
  const why = [...new Set(list.map(({ recommendation: { reason } }) => reason))];
  const passed = list.filter(({ held }) => held === undefined);
  const held = list.at(-1)?.held;
  const selections = passed.map(({ selection }) => selection);
  const more = passed.length - DESCRIBED;
  return sentences(
    ...why,
    ...(passed.length === 0 ? [] : first?.checked.map(({ result }) => result?.message ?? "") ?? []),
    ...selections.slice(0, DESCRIBED),
    ...(more > 0 ? [`${more} more action${more === 1 ? " follows" : "s follow"}.`] : []),
    held?.result?.message ?? "",
  );
}

/** Returns the recommendations to stop unhealthy nodes. */
function stopsIn(lists: readonly ActionList[]) {
  return lists.flat().map(({ recommendation }) => recommendation)
    .filter(({ policy }) => policy === "unhealthy");
}

/** Makes the decision if kas did not observe the fleet. The decision is always no action. */
function decideUnobserved(trigger: Trigger, { why, processed }: Unobserved): Decision {
  if (why !== undefined) return noAction(why);
  if (trigger.kind !== "notification") return noAction("the fleet was not observed.");
  const recommendation = fromNotification(trigger.alarm);
  if (recommendation.direction === "none") return noAction(recommendation.reason);
  const { passed, message } = checkProcessed(recommendation.alarm, processed);
  if (passed) return noAction("the fleet was not observed.");
  return {
    actions: [],
    reason: sentences(recommendation.reason, message),
    checks: ["not-newest"],
    recommendations: [recommendation],
  };
}

function noAction(why: string): Decision {
  return {
    actions: [],
    reason: `No action: ${why}${/[.!?]$/.test(why) ? "" : "."}`,
    checks: [],
    recommendations: [],
  };
}
