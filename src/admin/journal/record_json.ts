/**
 * Records of decisions as JSON: what `GET /decisions` answers, and `kas admin activities --records` writes.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";

/**
 * A record from its JSON, with as much as it takes to make the decision again. kas 0.1.0 used other keys: `signal`, `facts` and in them
 * `underWay`.
 */
export function toRecord(line: string): DecisionRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { signal, facts, ...rest } = json;
  const { recommendation = signal, observation = facts } = rest;
  if (!isObject(observation)) return undefined;
  const { underWay, ...observed } = observation;
  const { inProgress = underWay } = observed;
  const record = { ...rest, recommendation, observation: { ...observed, inProgress } };
  return isRecord(record) ? record : undefined;
}

function isRecord(record: Record<string, unknown>): record is Record<string, unknown> & DecisionRecord {
  const { id, time, recommendation, observation, decision } = record;
  return typeof id === "number" && typeof time === "number" && isObject(recommendation) &&
    isObject(decision) &&
    isObject(observation) &&
    [observation.limits, observation.history, observation.cpu].every(isObject) &&
    [observation.instances, observation.alarms, observation.inProgress].every(Array.isArray);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
