/**
 * Which instances have been on their way into service for too long. Joining is bounded: an instance that does not come into service
 * must not take the place of one that would.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";
import { recent } from "../model/observation.ts";

/** What {@linkcode isOverdue} depends on besides the instance. Times are in ms. */
export interface OverdueView {
  readonly now: number;
  /** How long each step of a start may take: `--start-timeout`. */
  readonly startTimeout: number;
  /** Since when observations have shown the instance running, registered and not healthy. Undefined if they have not. */
  readonly failingSince: number | undefined;
}

/**
 * Whether an instance has been `pending`, or registered without being healthy, for longer than a step of a start may take. An activity
 * in progress at the instance has deadlines of its own.
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
