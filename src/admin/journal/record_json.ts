/**
 * Reads decision records from JSON. `GET /decisions` and `kas admin activities --records` write this JSON.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { RENAMED } from "../../autoscaler/store/names.ts";
import { isRecorded, isWhole } from "../../scaling/replay.ts";
import { fromVersion6, RULES_VERSION_6, type Version6Decision } from "../../scaling/records/version_6.ts";
import { fromVersion7, RULES_VERSION_7 } from "../../scaling/records/version_7.ts";
import { fromVersion1, RULES_VERSION_1, type Version1Record } from "../../scaling/records/version_1.ts";

/**
 * Parses a decision record. Returns undefined if the text lacks data with which kas makes the decision again. Converts the keys and
 * names in a record of version 1 of the rules to the current ones.
 */
export function toRecord(line: string): DecisionRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { id, time, rules = 0, decision } = json;
  if (
    typeof id !== "number" || typeof time !== "number" || typeof rules !== "number" || !isObject(decision)
  ) return undefined;
  if (rules === RULES_VERSION_1) {
    const { signal, facts, activity, ...rest } = json;
    if (!isObject(signal) || !isWhole(facts, "underWay")) return undefined;
    const content = fromVersion1(json as unknown as Version1Record);
    return { ...rest, ...content, activities: toActivities(activity) } as unknown as DecisionRecord;
  }
  const converted = rules <= RULES_VERSION_6 ? fromVersion6Record(json) : json;
  if (!isRecorded(converted)) return undefined;
  const { observation } = converted;
  const present = rules <= RULES_VERSION_7
    ? { ...converted, observation: fromVersion7(observation) }
    : converted;
  return present as unknown as DecisionRecord;
}

/** Converts a record of versions 2 to 6, whose decision had at most one action. */
function fromVersion6Record({ activity, decision, ...rest }: Record<string, unknown>): unknown {
  return {
    ...rest,
    decision: fromVersion6(decision as Version6Decision),
    activities: isObject(activity) ? [activity] : [],
  };
}

/** Converts an activity of version 1 to the current names. */
function toActivities(activity: unknown): unknown[] {
  if (!isObject(activity)) return [];
  const { state, steps, ...rest } = activity;
  return [{
    ...rest,
    status: named(RENAMED.status, state),
    steps: Array.isArray(steps)
      ? steps.map((step) => ({
        ...step,
        step: named(RENAMED.step, step.step),
        ...(isObject(step.cause) ? { cause: toCause(step.cause) } : {}),
      }))
      : [],
  }];
}

/** Converts the cause of a step's failure. Earlier versions of kas quarantined each instance that had `blame`. */
function toCause({ blame, ...cause }: Record<string, unknown>): unknown {
  return { ...cause, quarantine: blame === true };
}

function named(names: Readonly<Record<string, string>>, name: unknown): unknown {
  return typeof name === "string" && Object.hasOwn(names, name) ? names[name] : name;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
