/**
 * The lists of actions that carry recommendations out. kas checks the actions of a list in order, as if the earlier ones were
 * done. A check that holds an action back ends the list.
 *
 * @module
 */
import type { CheckContext } from "./checks/check.ts";
import { CANCEL, type Checked, IN, inOrder, OUT, UNHEALTHY } from "./checks/order.ts";
import { activityOf, DIRECTION } from "./model/activity.ts";
import { type Action, type CheckName, type Decision, instanceOf } from "./model/decision.ts";
import { lifecycleStatus } from "./model/instance.ts";
import type { Limits } from "./model/limits.ts";
import type { Observation } from "./model/observation.ts";
import type { Recommendation } from "./model/recommendation.ts";
import { isWhole } from "./model/trigger.ts";
import type { Advice } from "./policies/policies.ts";
import { stopsOfUnhealthy } from "./policies/replacement.ts";
import { selectToStart, type StartSelection } from "./selection/start.ts";
import { selectReplaced, selectToStop, type StopSelection } from "./selection/stop.ts";

/** An action of a list with its checks. */
export interface PlannedAction {
  readonly recommendation: Recommendation;
  /** The results of the checks, up to the check that holds the action back. */
  readonly checked: readonly Checked[];
  /** The check that holds the action back. Undefined if all checks passed. */
  readonly held: Checked | undefined;
  /** The checks after the one that holds the action back. Each runs when the caller reads it. */
  readonly unreached: Iterable<Checked>;
  /** The action. Undefined if a check holds it back. */
  readonly action: Action | undefined;
  /** How kas selected the instance, in sentences. */
  readonly selection: string;
  /** Whether a later evaluation may find a node to start, because the present candidates are only paused. */
  readonly waits: boolean;
}

/** A list of actions. Only the last action may be held back. */
export type ActionList = readonly PlannedAction[];

/** What all actions of an evaluation have in common. */
export type PlanContext = Pick<CheckContext, "trigger" | "observation" | "index">;

/**
 * The largest number of candidates that kas tries for one start. Several starts of one decision share the candidates, and the
 * record of a decision for a large fleet must stay small.
 */
const MOST_CANDIDATES = 20;

/** Returns the lists of actions: the changes of capacity, and the stops of unhealthy nodes. Omits empty lists. */
export function listsOf(context: PlanContext, { wanted, recommendations }: Advice): ActionList[] {
  const changes = listOf(context, recommendations);
  const stops = isWhole(context.trigger)
    ? listOf(context, stopsOfUnhealthy(context, wanted, isAlone(changes)))
    : [];
  return [changes, stops].filter(({ length }) => length > 0);
}

/** Plans one list of actions. */
function listOf(context: PlanContext, recommendations: readonly Recommendation[]): ActionList {
  const list: PlannedAction[] = [];
  let { observation, index } = context;
  const each = recommendations.flatMap((it) =>
    Array.from({ length: it.count ?? 1 }, (_, i) => [it, i] as const)
  );
  for (const [recommendation, i] of each) {
    const planned = plan({
      ...context,
      observation,
      index,
      before: context.observation,
      // Only the first action concerns the instance that the recommendation names.
      recommendation: i === 0 ? recommendation : withoutInstance(recommendation),
    });
    list.push(planned);
    if (planned.action === undefined) break;
    observation = assuming(observation, planned.action);
    index = { ...index, activity: activityOf(observation) };
  }
  const chosen = new Set(list.map(({ action }) => instanceOf(action)));
  return list.map((planned) => ({ ...planned, action: withCandidates(planned.action, chosen) }));
}

/** Selects the instance of an action, and runs the checks up to the first that holds the action back. */
function plan(context: CheckContext): PlannedAction {
  const { checks, action, selection, waits } = selected(context);
  const checked: Checked[] = [];
  let held: Checked | undefined;
  while (held === undefined) {
    const next = checks.next();
    if (next.done) break;
    checked.push(next.value);
    if (next.value.result?.passed === false) held = next.value;
  }
  const { recommendation } = context;
  return {
    recommendation,
    checked,
    held,
    unreached: checks,
    action: held === undefined ? action : undefined,
    selection,
    waits,
  };
}

function selected(context: CheckContext): {
  readonly checks: Iterator<Checked, void> & Iterable<Checked>;
  readonly action: Action | undefined;
  readonly selection: string;
  readonly waits: boolean;
} {
  const { recommendation: { policy, direction, instance }, observation: { limits }, index } = context;
  if (direction === "out") {
    const selection = selectToStart(context);
    return {
      checks: inOrder(OUT, { ...context, selection }),
      action: toStart(selection),
      selection: selection.message,
      waits: selection.kind === "start" || selection.waits,
    };
  }
  const named = instance === undefined ? undefined : index.instance(instance);
  const cancels = policy === "replacement" && named !== undefined &&
    lifecycleStatus(named, index.activity(named.id)) === "joining";
  const selection = cancels || policy === "unhealthy" ? selectReplaced(context) : selectToStop(context);
  const checks = policy === "unhealthy" ? UNHEALTHY : cancels ? CANCEL : IN;
  return {
    checks: inOrder(checks, { ...context, selection }),
    action: toStop(selection, limits, policy === "unhealthy"),
    selection: selection.message,
    waits: false,
  };
}

function toStart(selection: StartSelection): Action | undefined {
  if (selection.kind === "nothing") return undefined;
  if (selection.kind === "launch") return { kind: "launch", template: selection.template };
  return {
    kind: "start",
    instance: selection.instance.id,
    candidates: selection.fallbacks,
    by: selection.method === "take-back" ? "register" : "start",
  };
}

function toStop(
  { instance }: StopSelection,
  { shrink = "stop" }: Limits,
  isUnhealthy: boolean,
): Action | undefined {
  if (instance === undefined) return undefined;
  return { kind: shrink, instance: instance.id, ...(isUnhealthy ? { unhealthy: true } : {}) };
}

/** Whether the fleet has no other node that could start, now or after a pause. */
function isAlone(changes: ActionList): boolean {
  const last = changes.at(-1);
  if (last === undefined || last.waits || changes.some(({ action }) => action !== undefined)) return false;
  return last.held?.name === "no-standby" || last.held?.name === "max-capacity";
}

/** Returns the observation as it is when an action has begun. */
function assuming(observation: Observation, action: Action): Observation {
  const instance = instanceOf(action);
  const begun = {
    kind: action.kind,
    ...(instance === undefined ? {} : { instance }),
    since: observation.now,
    ...("unhealthy" in action ? { unhealthy: true as const } : {}),
  };
  return { ...observation, inProgress: [...observation.inProgress, begun] };
}

/** Returns a recommendation that names no instance. */
function withoutInstance(recommendation: Recommendation): Recommendation {
  const { instance: _, ...rest } = recommendation;
  return rest as Recommendation;
}

/** Returns an action whose candidates are not the instances of other actions. */
function withCandidates(
  action: Action | undefined,
  chosen: ReadonlySet<string | undefined>,
): Action | undefined {
  if (action?.kind !== "start") return action;
  const candidates = action.candidates.filter((id) => !chosen.has(id)).slice(0, MOST_CANDIDATES);
  return { ...action, candidates };
}

/** Whether a decision has all actions that the policies recommend. */
export function isFulfilled({ actions, recommendations }: Decision): boolean {
  const asked = recommendations.filter(({ policy }) => policy !== "unhealthy");
  const changes = actions.filter((action) => changeOf(action) !== 0);
  return changes.length === asked.reduce((sum, { count = 1 }) => sum + count, 0);
}

/** Returns the check that holds a change of capacity back. Undefined if a decision has all changes that the policies recommend. */
export function heldChange(decision: Decision): CheckName | undefined {
  return isFulfilled(decision) ? undefined : decision.checks[0];
}

/** Whether an action changes the capacity, and in which direction. The stop of an unhealthy instance does not change it. */
export function changeOf(action: Action): number {
  if (DIRECTION[action.kind] === "out") return 1;
  return "unhealthy" in action ? 0 : -1;
}
