/**
 * Records of decisions as JSON: what `GET /decisions` answers, and `kas admin activities --records` writes.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { FIRST_RULES, type FirstRecord, upcast } from "../../scaling/upcast.ts";

/**
 * A record from its JSON, with as much as it takes to make the decision again. Records of version 1 of the rules have other keys:
 * `signal`, and `facts` with `underWay`.
 */
export function toRecord(line: string): DecisionRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { id, time, rules, decision } = json;
  if (typeof id !== "number" || typeof time !== "number" || !isObject(decision)) return undefined;
  if (rules === FIRST_RULES) {
    const { signal, facts, ...rest } = json;
    if (!isObject(signal) || !isWhole(facts, "underWay")) return undefined;
    return { ...rest, ...upcast(json as unknown as FirstRecord) } as unknown as DecisionRecord;
  }
  const { trigger, observation } = json;
  const observed = isObject(observation) &&
    (observation.kind === "unobserved" || isWhole(observation, "inProgress"));
  return isObject(trigger) && observed ? json as unknown as DecisionRecord : undefined;
}

function isWhole(observation: unknown, inProgress: "inProgress" | "underWay"): boolean {
  return isObject(observation) &&
    [observation.limits, observation.history, observation.cpu].every(isObject) &&
    [observation.instances, observation.alarms, observation[inProgress]].every(Array.isArray);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
