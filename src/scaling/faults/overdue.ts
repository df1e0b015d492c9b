/**
 * Which instances have been joining for too long. An instance may count as joining only for a limited time: if it does not
 * come into service, kas must be able to start another instance in its place.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";
import { recent } from "../model/observation.ts";

/** What {@linkcode isOverdue} depends on besides the instance. Times are in ms. */
export interface OverdueView {
  readonly now: number;
  /** The timeout of each step of a start: `--start-timeout`. */
  readonly startTimeout: number;
  /**
   * Since when observations have shown the instance as running and registered, but not healthy. Undefined if the last one did
   * not.
   */
  readonly failingSince: number | undefined;
}

/**
 * Whether an instance has been `pending`, or registered without being healthy, for longer than the timeout of a step of a
 * start. For an instance with an activity in progress, the deadlines of the activity count instead.
 */
export function isOverdue(
  { state, registration, launched }: Pick<Instance, "state" | "registration" | "launched">,
  { now, startTimeout, failingSince }: OverdueView,
): boolean {
  const isPending = state === "pending";
  if (!isPending && !(state === "running" && registration === "out-of-service")) return false;
  const began = [launched, isPending ? undefined : failingSince].filter((at) => at !== undefined);
  return began.length > 0 && !began.some((at) => recent(at, startTimeout, now));
}
