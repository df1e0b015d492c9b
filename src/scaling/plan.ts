/**
 * A recommendation with the checks that it must pass, and the action that it leads to.
 *
 * @module
 */
import type { CheckContext } from "./checks/check.ts";
import { type Checked, IN, inOrder, OUT } from "./checks/order.ts";
import type { Action } from "./model/decision.ts";
import { selectToStart, type StartSelection } from "./selection/start.ts";
import { selectToStop, type StopSelection } from "./selection/stop.ts";

/** What a recommendation comes to. */
export interface Plan {
  /** The checks in their order. Each is made once, when it is read. */
  readonly checks: Iterable<Checked>;
  /** The action, if all checks pass; without an instance to act on a check holds it back. */
  readonly action: Action | undefined;
  /** How the instance was selected, a sentence. */
  readonly selection: string;
}

/** Selects the instance, and lines the checks up. */
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
