/**
 * The plan for a recommendation: the checks that must pass, and the action that kas carries out if they do.
 *
 * @module
 */
import type { CheckContext } from "./checks/check.ts";
import { type Checked, IN, inOrder, OUT } from "./checks/order.ts";
import type { Action } from "./model/decision.ts";
import { selectToStart, type StartSelection } from "./selection/start.ts";
import { selectToStop, type StopSelection } from "./selection/stop.ts";

/** The plan for a recommendation. */
export interface Plan {
  /** The checks in their order. Each check runs when the caller reads it, and only once. */
  readonly checks: Iterable<Checked>;
  /** The action if all checks pass. Undefined if kas selected no instance: a check then holds the action back. */
  readonly action: Action | undefined;
  /** How kas selected the instance, in a sentence. */
  readonly selection: string;
}

/** Selects the instance, and returns the checks and the action. */
export function planOf(context: CheckContext): Plan {
  if (context.recommendation.direction === "out") {
    const selection = selectToStart(context);
    return {
      checks: inOrder(OUT, { ...context, selection }),
      action: toStart(selection),
      selection: selection.message,
    };
  }
  const selection = selectToStop(context);
  return {
    checks: inOrder(IN, { ...context, selection }),
    action: toStop(selection, context.observation.limits.shrink),
    selection: selection.message,
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

function toStop({ instance }: StopSelection, shrink: "stop" | "terminate" = "stop"): Action | undefined {
  return instance === undefined ? undefined : { kind: shrink, instance: instance.id };
}
