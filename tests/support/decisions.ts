/**
 * Decisions for tests, and the activities that carry them out.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Activity, PlacedActivity } from "../../src/autoscaler/store/activities.ts";
import type { NewDecision } from "../../src/autoscaler/store/decisions.ts";
import type { Journal } from "../../src/autoscaler/store/journal.ts";
import type { Action, Decision } from "../../src/scaling/model/decision.ts";

/** A decision for no action. */
export const NO_ACTION: Decision = { actions: [], reason: "all is well", checks: [], recommendations: [] };

/** Returns a decision with some actions. */
export function decisionOf(...actions: readonly Action[]): Decision {
  return { ...NO_ACTION, actions, reason: "busy" };
}

/** Returns the action of starting an instance. */
export function starting(instance: string, candidates: readonly string[] = []): Action {
  return { kind: "start", instance, candidates, by: "start" };
}

/** Records a decision with one action. Returns the activity that carries it out. */
export function begin(journal: Journal, entry: NewDecision): Activity {
  const [activity, ...more] = journal.record(entry);
  assert(activity !== undefined && more.length === 0);
  return activity;
}

/** Records a decision with one action on an instance. Returns the activity that carries it out. */
export function beginAt(journal: Journal, entry: NewDecision): PlacedActivity {
  const activity = begin(journal, entry);
  assert(activity.instance !== undefined);
  return { ...activity, instance: activity.instance };
}
