/**
 * When kas may launch a node after a launch that failed (R7).
 *
 * @module
 */
import { type Observation, recent } from "../model/observation.ts";
import { seconds } from "../words.ts";

/** The pause after launches that failed, ms: as long as they had been failing by the last one, within these bounds. */
const PAUSE = { shortest: 60_000, longest: 900_000 } as const;

/** How long a launch waits after one that failed, ms; each failure in a row about doubles it. */
export function pauseAfter({ since, last }: NonNullable<Observation["history"]["launchesFail"]>): number {
  return Math.min(PAUSE.longest, Math.max(PAUSE.shortest, last - since));
}

/** Why kas launches no node yet, a sentence; undefined if it may. */
export function launchPause({ history: { launchesFail }, now }: Observation): string | undefined {
  if (launchesFail === undefined) return undefined;
  const pause = pauseAfter(launchesFail);
  if (!recent(launchesFail.last, pause, now)) return undefined;
  const ago = seconds(Math.abs(now - launchesFail.last));
  return `The last launch failed ${ago} ago; the next attempt is ${seconds(pause)} after it.`;
}
