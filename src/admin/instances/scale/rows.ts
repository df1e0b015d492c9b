/**
 * The texts and rows of `kas admin scale`.
 *
 * @module
 */
import type { ActivityState, Decided } from "../../../autoscaler/control/command.ts";
import { isoTime, seconds } from "../../../cli/format.ts";
import type { Row } from "../../../cli/output.ts";
import { DIRECTION } from "../../../scaling/model/activity.ts";
import type { Override } from "../../../scaling/model/observation.ts";
import { someOf } from "../../../scaling/words.ts";

/** The columns of the table. */
export const COLUMNS = ["action", "instance", "status", "reason"];

/** The largest number of actions that a text names. */
const NAMED = 3;

/** Returns a row for each activity, and one for the checks that hold actions back. */
export function rowsOf(
  activities: readonly Omit<ActivityState, "id" | "step">[],
  decision: Pick<Decided, "checks" | "reason">,
): Row[] {
  const rows = activities.map(({ kind, instance, status, reason }) => ({
    action: kind,
    instance,
    status,
    reason,
  }));
  return [...rows, ...heldRow(rows.length > 0, decision)];
}

/** The columns of the table of a dry run. */
export const TRIAL_COLUMNS = ["kind", "name", "result", "reason"];

/**
 * Returns what kas would do and why: a row for each action, one for the checks that hold actions back, and then the value of each
 * metric, the capacity that each policy recommends, and the result of each check.
 */
export function trialRows(decided: Decided): Row[] {
  const { actions, reason, assessment } = decided;
  const { metrics, policies, checks } = assessment ?? { metrics: [], policies: [], checks: [] };
  const rows = actions.map(({ kind, instance }) => ({ kind, name: instance, result: "dry-run", reason }));
  return [
    ...rows,
    ...heldRow(rows.length > 0, decided).map(({ action, reason }) => ({ kind: action, reason })),
    ...metrics.map(({ name, value, age, source, why }) => ({
      kind: "metric",
      name,
      result: value,
      reason: why === null ? `${source}, ${seconds(age ?? 0)} old` : `${source}: ${why}`,
    })),
    ...policies.map(({ policy, capacity, reason }) => ({
      kind: "policy",
      name: policy,
      result: capacity,
      reason,
    })),
    ...checks.map(({ name, status, message }) => ({ kind: "check", name, result: status, reason: message })),
  ];
}

/** Returns the row of the checks that hold actions back: `no action (min-capacity)`. */
function heldRow(hasActions: boolean, { checks, reason }: Pick<Decided, "checks" | "reason">): Row[] {
  if (checks.length > 0) return [{ action: `no action (${checks.join(", ")})`, reason }];
  return hasActions ? [] : [{ action: "no action", reason }];
}

/** Describes actions: `start i-1, launch a new node`. */
export function actionText(actions: readonly Pick<ActivityState, "kind" | "instance">[]): string {
  return someOf(actions.map(({ kind, instance }) => `${kind} ${instance ?? "a new node"}`), NAMED);
}

/** Describes an activity that has not ended: `start i-1, at step healthy`. */
export function stepText(activity: ActivityState): string {
  const { step } = activity;
  return `${actionText([activity])}${step === null ? "" : `, at step ${step.replace("…", "")}`}`;
}

/**
 * Describes the progress of activities: `1 of 2 done; i-1: healthy…`, or `in service 2 of 3; i-1: healthy…` if the operator asked
 * for a capacity.
 */
export function progressText(
  activities: readonly ActivityState[],
  capacity: { readonly inService: number; readonly of: number } | undefined,
): string {
  const running = activities.filter(isRunning);
  const done = activities.length - running.length;
  const head = capacity !== undefined
    ? [`in service ${capacity.inService} of ${capacity.of}`]
    : activities.length > 1
    ? [`${done} of ${activities.length} done`]
    : [];
  const more = running.length > NAMED ? [`${running.length - NAMED} more`] : [];
  const steps = running.slice(0, NAMED).map(({ kind, instance, step }) =>
    `${instance ?? kind}: ${step ?? "…"}`
  );
  return [...head, ...steps, ...more].join("; ");
}

/** Whether an activity has not ended. */
export function isRunning({ status }: ActivityState): boolean {
  return status === "in-progress";
}

/** Returns by how much the ended activities changed the number of instances in service. */
export function changeBy(activities: readonly ActivityState[]): number {
  return activities.filter(({ status }) => status === "successful")
    .reduce((sum, { kind }) => sum + (DIRECTION[kind as keyof typeof DIRECTION] === "out" ? 1 : -1), 0);
}

/** Describes the capacity that an operator asked for, and its end. */
export function overrideText({ capacity, until, once }: Override): string {
  const end = once ? `until the fleet has it, at most until ${isoTime(until)}` : `until ${isoTime(until)}`;
  return `a capacity of ${capacity} applies ${end}. kas admin scale auto ends it`;
}
