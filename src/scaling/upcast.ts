/**
 * Decisions that were recorded with version 1 of the rules, in the shape of today's.
 *
 * @module
 */
import type { ActivityInProgress } from "./model/activity.ts";
import type { AlarmChange } from "./model/alarm.ts";
import type { Action, CheckName } from "./model/decision.ts";
import type { Observation, ProcessedChange, Unobserved } from "./model/observation.ts";
import type { Trigger } from "./model/trigger.ts";
import { directionOf } from "./policies/alarms.ts";
import type { Recorded } from "./replay.ts";

/** What version 1 decided on: a notification, a resync, or a person. */
interface FirstSignal {
  readonly kind: "out" | "in" | "none";
  readonly source: "notification" | "resync" | "manual";
  readonly alarm?: AlarmChange;
  readonly instance?: string;
  /** Of `none`. */
  readonly why?: string;
}

/** Its observation. */
type FirstFacts = Omit<Observation, "inProgress" | "processed"> & {
  readonly underWay: readonly ActivityInProgress[];
};

/** Its decision, with the numbers of the rules that decided. */
type FirstDecision = (Action | { readonly kind: "none" }) & {
  readonly reason: string;
  readonly rules: readonly string[];
};

/** A record of version 1 of the rules. */
export interface FirstRecord {
  readonly signal: FirstSignal;
  readonly facts: FirstFacts;
  readonly decision: FirstDecision;
}

/** The version of the rules that made such records. */
export const FIRST_RULES = 1;

/** Brings a record of version 1 into today's shape. */
export function upcast({ signal, facts, decision }: FirstRecord): Recorded {
  const { rules, ...rest } = decision;
  return {
    trigger: triggerOf(signal),
    observation: observationOf(signal, facts),
    decision: { ...rest, checks: checksOf(signal, decision, rules) },
    rules: FIRST_RULES,
  };
}

function triggerOf({ kind, source, alarm, instance }: FirstSignal): Trigger {
  switch (source) {
    case "notification":
      return { kind: "notification", ...(alarm === undefined ? {} : { alarm }) };
    case "resync":
      return { kind: "reconcile" };
    case "manual":
      return {
        kind: "operator",
        direction: kind === "in" ? "in" : "out",
        ...(instance === undefined ? {} : { instance }),
      };
    default:
      return source satisfies never;
  }
}

/** With a signal of kind `none`, version 1 observed the fleet only at a resync, and recorded empty facts otherwise. */
function observationOf(signal: FirstSignal, facts: FirstFacts): Observation | Unobserved {
  const { now } = facts;
  const { kind, source, why = "", alarm } = signal;
  if (kind === "none" && isOvertaken(signal)) {
    const processed = processedOf(why);
    if (processed !== undefined) return { kind: "unobserved", now, processed };
  }
  if (kind === "none" && source === "notification") {
    return { kind: "unobserved", now, ...(alarm === undefined ? { why } : {}) };
  }
  if (kind === "none" && (source !== "resync" || why.startsWith("the fleet can't be seen"))) {
    return { kind: "unobserved", now, why };
  }
  const { underWay, ...rest } = facts;
  return { ...rest, inProgress: underWay };
}

/** Whether a newer change of the notification's alarm had been processed. */
function isOvertaken({ source, alarm }: FirstSignal): boolean {
  return source === "notification" && alarm !== undefined && directionOf(alarm.kind, alarm.to) !== "none";
}

/** The newest processed change, which version 1 recorded in the reason only. */
function processedOf(why: string): ProcessedChange | undefined {
  const [, time = "", by] =
    / is not newer than that of (\S+), which a (notification|resync) told of$/.exec(why) ??
      [];
  const at = Date.parse(time);
  if (Number.isNaN(at)) return undefined;
  return { at, by: by === "resync" ? "reconcile" : "notification" };
}

/** The check that held a decision back. Version 1 also named the rule that chose an instance, which is not a check. */
function checksOf(
  signal: FirstSignal,
  { kind, reason }: Pick<FirstDecision, "kind" | "reason">,
  rules: readonly string[],
): CheckName[] {
  if (kind !== "none") return [];
  if (signal.kind === "none") return isOvertaken(signal) ? ["not-newest"] : [];
  const out = signal.kind === "out";
  return rules.flatMap((rule): CheckName[] => {
    switch (rule) {
      case "R2":
        return ["cooldown"];
      case "R3":
        return [out ? "max-capacity" : "min-capacity"];
      case "R4":
        return ["out-beats-in"];
      case "R5":
        // R5 had two meanings; the reason tells which one.
        return [/ and cooldown-(out|in) is [^;]*$/.test(reason) ? "cooldown" : "warm-up"];
      case "R6":
        return ["projected-load"];
      case "R7":
        return ["no-standby"];
      case "R8":
        return ["no-candidate"];
      case "R11":
        return ["not-newest"];
      default:
        return [];
    }
  });
}
