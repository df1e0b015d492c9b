/**
 * The check `paused`. It holds every action in a direction back while an operator has paused the direction.
 *
 * @module
 */
import type { Direction } from "../model/activity.ts";
import type { Observation, OperatorPause } from "../model/observation.ts";
import { iso } from "../words.ts";
import { type Check, type CheckContext, hold, pass } from "./check.ts";

/** The check `paused` for scaling out and scaling in. */
export const paused: Check<CheckContext> = {
  name: "paused",
  condition: "scaling is not paused",
  check: ({ recommendation: { direction }, observation }) => {
    const pause = operatorPauseOf(direction, observation);
    return pause === undefined ? pass() : hold(operatorPauseSentence(direction, pause));
  },
};

/** Returns the pause of a direction that is in force. Undefined if an operator has not paused the direction. */
export function operatorPauseOf(
  direction: Direction,
  { paused, now }: Pick<Observation, "paused" | "now">,
): OperatorPause | undefined {
  const pause = paused?.[direction];
  return pause !== undefined && now < (pause.until ?? Infinity) ? pause : undefined;
}

/** Describes a pause in a sentence. */
export function operatorPauseSentence(direction: Direction, { until, reason }: OperatorPause): string {
  const end = until === undefined ? "" : ` until ${iso(until)}`;
  const why = reason === undefined ? "" : `: ${reason.replace(/[.!?]+$/, "")}`;
  return `An operator paused scaling ${direction}${end}${why}.`;
}
