/**
 * Carries out a command of `kas admin scale`, shows its progress, and prints a row for each activity.
 *
 * @module
 */
import type { ActivityState, Decided } from "../../../autoscaler/control/command.ts";
import type { Output } from "../../../cli/output.ts";
import type { Override } from "../../../scaling/model/observation.ts";
import type { AccountContext } from "../../account.ts";
import { confirmed } from "../targets.ts";
import {
  actionText,
  changeBy,
  COLUMNS,
  isRunning,
  overrideText,
  progressText,
  rowsOf,
  stepText,
  TRIAL_COLUMNS,
  trialRows,
} from "./rows.ts";
import type { Scaler, ScaleRequest } from "./scaler.ts";

/** How long kas waits for a capacity with `--for`, in ms. For a capacity without `--for`, the autoscaler itself tries for this time. */
const WAIT = 900_000;

/** How a command ended. */
interface Outcome {
  /** The decision that says which checks hold actions back. */
  readonly decision: Pick<Decided, "checks" | "reason">;
  /** Whether the fleet is as the operator asked. */
  readonly isDone: boolean;
}

/** A command in progress. */
interface Following {
  readonly scaler: Scaler;
  readonly request: ScaleRequest;
  readonly decided: Decided;
  /** The activities so far, by their ids. */
  readonly activities: Map<number, ActivityState>;
  readonly out: Output;
}

/** Scales, and waits until the activities have ended. Returns the exit status: 0 if the fleet is as the operator asked. */
export async function runScale(
  scaler: Scaler,
  request: ScaleRequest,
  context: AccountContext,
): Promise<number> {
  const { flags: { dryRun }, out, signal } = context;
  if (!dryRun && !await mayTerminate(scaler, request, context)) return 1;
  const decided = await scaler.decide(request, dryRun);
  const { actions, activities, reason, override } = decided;
  if (actions.length === 0) scaler.advise(out);
  if (dryRun || activities.length < actions.length) {
    if (dryRun) await out.table(TRIAL_COLUMNS, trialRows(decided));
    // The autoscaler runs with --dry-run.
    else {await out.table(
        COLUMNS,
        rowsOf(actions.map((it) => ({ ...it, status: "dry-run", reason })), decided),
      );}
    return isComplete(request, decided) ? 0 : 1;
  }
  if (actions.length > 0) out.note(`${actionText(actions)}: ${reason}`);
  if (request.direction !== "to" && override !== null) {
    out.note(`The autoscaler returns to an earlier command: ${overrideText(override)}`);
  }
  const following = { scaler, request, decided, activities: new Map(), out };
  try {
    const { decision, isDone } = request.direction === "to" && !scaler.isOwn && decided.progress !== null
      ? await reach(decided.progress.override, following)
      : await complete(following);
    await out.table(COLUMNS, rowsOf([...following.activities.values()], decision));
    return isDone ? 0 : 1;
  } catch (error) {
    if (signal.aborted) await reportInterruption(following);
    throw error;
  }
}

/** Asks before kas terminates instances. Returns whether kas may go on. */
async function mayTerminate(
  scaler: Scaler,
  request: ScaleRequest,
  context: AccountContext,
): Promise<boolean> {
  if (!scaler.asksFirst || request.direction === "out" || context.flags.yes) return true;
  const { actions } = await scaler.decide(request, true);
  const ids = actions.flatMap(({ kind, instance }) => (kind === "terminate" ? instance ?? [] : []));
  return ids.length === 0 || await confirmed(context, `Terminate ${ids.join(", ")} permanently?`);
}

/** Waits until the activities of the decision have ended. */
async function complete({ scaler, request, decided, activities, out }: Following): Promise<Outcome> {
  while (decided.activities.length > 0) {
    const progress = await scaler.progress(decided.activities);
    for (const activity of progress.activities) activities.set(activity.id, activity);
    const all = [...activities.values()];
    if (!all.some(isRunning)) break;
    const capacity = request.direction === "to"
      ? { inService: decided.inService + changeBy(all), of: request.capacity }
      : undefined;
    out.progress(progressText(all, capacity));
    await scaler.wait();
  }
  const isDone = isComplete(request, decided) &&
    activities.values().every(({ status }) => status === "successful");
  return { decision: decided, isDone };
}

/** Waits until the fleet has the capacity, a check holds an action back, or the time is over. */
async function reach(
  override: Override,
  { scaler, decided, activities, out }: Following,
): Promise<Outcome> {
  const began = performance.now();
  let held: Pick<Decided, "checks" | "reason"> | undefined = decided.checks.length > 0 ? decided : undefined;
  while (true) {
    const ids = new Set([...decided.activities, ...activities.keys()]);
    const progress = await scaler.progress([...ids], override.since);
    for (const activity of progress.activities) activities.set(activity.id, activity);
    const all = [...activities.values()];
    const last = isSame(progress.progress?.override, override) ? progress.progress : null;
    const isReached = last?.outcome === "reached";
    if (last?.outcome === "held") held = last;
    const applies = isSame(progress.override, override);
    const isDecided = (isReached || held !== undefined) && !all.some(isRunning);
    const isLate = !isReached && held === undefined && (!applies || performance.now() - began > WAIT);
    if (isDecided || isLate) {
      if (applies) out.note(`In the autoscaler, ${overrideText(override)}`);
      if (isReached) return { decision: { checks: [], reason: last.reason }, isDone: true };
      out.error(`The fleet did not reach a capacity of ${override.capacity}`);
      return { decision: held ?? { checks: [], reason: decided.reason }, isDone: false };
    }
    const inService = progress.inService ?? decided.inService;
    out.progress(progressText(all, { inService, of: override.capacity }));
    await scaler.wait();
  }
}

function isSame(a: Override | null | undefined, b: Override): boolean {
  return a?.capacity === b.capacity && a.since === b.since;
}

/** Whether a decision has all actions that the command needs. */
function isComplete({ direction }: ScaleRequest, { actions, checks, progress }: Decided): boolean {
  if (checks.length > 0) return false;
  return actions.length > 0 || (direction === "to" && progress?.outcome === "reached");
}

/** Prints the activities that have ended, and says which have not. */
async function reportInterruption(
  { scaler, request, decided, activities, out }: Following,
): Promise<void> {
  const { isOwn } = scaler;
  // The interruption also prevents further requests to the autoscaler.
  const all = isOwn ? (await scaler.progress(decided.activities)).activities : [...activities.values()];
  const ended = all.filter((activity) => !isRunning(activity));
  if (ended.length > 0) await out.table(COLUMNS, rowsOf(ended, { checks: [], reason: "" }));
  for (const activity of all.filter(isRunning)) {
    if (isOwn) out.error(`Interrupted. This activity is not completed: ${stepText(activity)}`);
    else out.note(`The autoscaler continues: ${stepText(activity)}`);
  }
  if (!isOwn && request.direction === "to" && decided.override !== null) {
    out.note(`In the autoscaler, ${overrideText(decided.override)}`);
  }
}
