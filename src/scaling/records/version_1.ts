/**
 * Converts records of decisions that version 1 of the rules made to the present shape. autoscaler/store/sqlite/migrations.ts
 * converts the tables in which the records are.
 *
 * @module
 */
import type { ActivityInProgress } from "../model/activity.ts";
import type { AlarmChange } from "../model/alarm.ts";
import type { Action, CheckName } from "../model/decision.ts";
import type { Observation, ProcessedChange, Unobserved } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import { directionOf } from "../policies/alarms.ts";
import type { Recorded } from "../replay.ts";
import { fromVersion6 } from "./version_6.ts";

/** The trigger of a record of version 1: a notification, a resync, or a person. */
interface Version1Signal {
  readonly kind: "out" | "in" | "none";
  readonly source: "notification" | "resync" | "manual";
  readonly alarm?: AlarmChange;
  readonly instance?: string;
  /** Why the trigger recommends nothing. Only signals of kind `none` have it. */
  readonly why?: string;
}

/** The observation of a record of version 1. */
type Version1Facts = Omit<Observation, "inProgress" | "processed"> & {
  readonly underWay: readonly ActivityInProgress[];
};

/** The decision of a record of version 1. `rules` has the numbers of the rules that decided: `R3`. */
type Version1Decision = (Action | { readonly kind: "none" }) & {
  readonly reason: string;
  readonly rules: readonly string[];
};

/** A record of version 1 of the rules. */
export interface Version1Record {
  readonly signal: Version1Signal;
  readonly facts: Version1Facts;
  readonly decision: Version1Decision;
}

/** The version of the rules whose records {@linkcode fromVersion1} converts. */
export const RULES_VERSION_1 = 1;

/** Converts a record of version 1 to the present shape. */
export function fromVersion1({ signal, facts, decision }: Version1Record): Recorded {
  const { rules, ...rest } = decision;
  return {
    trigger: triggerOf(signal),
    observation: observationOf(signal, facts),
    decision: fromVersion6({ ...rest, checks: checksOf(signal, decision, rules) }),
    rules: RULES_VERSION_1,
  };
}

function triggerOf({ kind, source, alarm, instance }: Version1Signal): Trigger {
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

/**
 * Converts the observation of a record. If the signal had the kind `none`, version 1 observed the fleet only at a resync. In the
 * other cases it recorded empty facts, which this function converts to an absent observation.
 */
function observationOf(signal: Version1Signal, facts: Version1Facts): Observation | Unobserved {
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

/**
 * Whether version 1 had already processed a newer change of the notification's alarm. Version 1 recorded an alarm that recommends
 * a change with the kind `none` only in this case.
 */
function isOvertaken({ source, alarm }: Version1Signal): boolean {
  return source === "notification" && alarm !== undefined && directionOf(alarm.kind, alarm.to) !== "none";
}

/** Reads the newest processed change of the alarm from the reason. Version 1 recorded it nowhere else. */
function processedOf(why: string): ProcessedChange | undefined {
  const [, time = "", by] =
    / is not newer than that of (\S+), which a (notification|resync) told of$/.exec(why) ??
      [];
  const at = Date.parse(time);
  if (Number.isNaN(at)) return undefined;
  return { at, by: by === "resync" ? "reconcile" : "notification" };
}

/** Returns the check that held the action back. Version 1 also named the rule that selected an instance. That is not a check. */
function checksOf(
  signal: Version1Signal,
  { kind, reason }: Pick<Version1Decision, "kind" | "reason">,
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
        // R5 meant the cooldown or the warm-up. Only the reason of a cooldown has this text.
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
