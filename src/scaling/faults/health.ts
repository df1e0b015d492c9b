/**
 * Whether an instance is failing or unhealthy (R21).
 *
 * @module
 */
import { inService, type Instance } from "../model/instance.ts";
import { recent } from "../model/observation.ts";
import { isOverdue } from "./overdue.ts";

/** What {@linkcode healthOf} depends on besides the instance. Times are in ms. */
export interface HealthView {
  readonly now: number;
  /** The timeout of each step of a start: `--start-timeout`. */
  readonly startTimeout: number;
  /** How long an instance may fail before it is unhealthy: `--unhealthy-after`. */
  readonly unhealthyAfter: number;
  /** Since when the instance has been failing, and whether it served before. Undefined if it is not failing. */
  readonly failing: { readonly since: number; readonly served: boolean } | undefined;
}

/** The parts of an instance that its health determines. */
type Health = Pick<Instance, "overdue" | "health" | "failingSince">;

/**
 * Returns the health of an instance. An instance that has not served yet is joining. It becomes unhealthy when it is overdue. An
 * instance that has served is first failing and then unhealthy. An instance that is not registered is neither failing nor unhealthy.
 */
export function healthOf(instance: Instance, view: HealthView): Health {
  const { now, startTimeout, unhealthyAfter, failing } = view;
  const isLate = isOverdue(instance, { now, startTimeout, failingSince: failing?.since });
  const overdue = isLate ? { overdue: true as const } : {};
  const { state, registration } = instance;
  if (
    failing === undefined || state !== "running" || registration === "none" || registration === "draining"
  ) {
    return overdue;
  }
  const { since: failingSince, served } = failing;
  if (!served && !inService(instance)) return isLate ? { ...overdue, health: "unhealthy", failingSince } : {};
  return { health: recent(failingSince, unhealthyAfter, now) ? "failing" : "unhealthy", failingSince };
}
