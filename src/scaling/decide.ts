/**
 * The pipeline that makes a decision from a trigger and an observation. docs/rules.md describes the rules.
 *
 *     trigger ──────▶ observation ──▶ policies ──▶ selection ──▶ checks ──────▶ decision
 *     notification    fleet, alarms,  one more     which         the first      start, launch,
 *     reconcile       load, history   or one less  instances     that holds     stop, terminate
 *     operator                                                   back decides   or none
 *
 * The function is pure. The same trigger and observation give the same decision, byte for byte, on every machine, also after
 * they were converted to JSON and back (R16).
 *
 * @module
 */
import type { CheckContext } from "./checks/check.ts";
import { checkProcessed } from "./checks/not_newest.ts";
import type { Decision } from "./model/decision.ts";
import { indexFleet } from "./model/fleet_index.ts";
import { isObserved, type Observation, type Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { planOf } from "./plan.ts";
import { fromNotification } from "./policies/alarms.ts";
import { consult } from "./policies/policies.ts";
import { sentences } from "./words.ts";

/** Makes a decision: at most one action (R1), and always a reason (R15). */
export function decide(trigger: Trigger, observation: Observation | Unobserved): Decision {
  if (!isObserved(observation)) return decideUnobserved(trigger, observation);
  const index = indexFleet(observation);
  const recommendation = consult(trigger, observation, index);
  if (recommendation.direction === "none") return noAction(recommendation.reason);
  return decideOn({ trigger, recommendation, observation, index });
}

/** Makes the decision on the recommendation of a policy. */
export function decideOn(context: CheckContext): Decision {
  const { recommendation } = context;
  const { checks, action, selection } = planOf(context);
  const messages: string[] = [];
  for (const { name, result } of checks) {
    if (result?.passed === false) {
      const reason = sentences(recommendation.reason, result.message);
      return { kind: "none", reason, checks: [name], recommendation };
    }
    messages.push(result?.message ?? "");
  }
  const reason = sentences(recommendation.reason, ...messages, selection);
  return { ...(action ?? { kind: "none" }), reason, checks: [], recommendation };
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
    kind: "none",
    reason: sentences(recommendation.reason, message),
    checks: ["not-newest"],
    recommendation,
  };
}

function noAction(why: string): Decision {
  return { kind: "none", reason: `No action: ${why}${/[.!?]$/.test(why) ? "" : "."}`, checks: [] };
}
