/**
 * The pause of launches after a failed launch (R7).
 *
 * @module
 */
import { pausesOf } from "../faults/pauses.ts";
import { type Observation, recent } from "../model/observation.ts";
import { seconds } from "../words.ts";

/** The shortest and the longest pause, in ms. */
const PAUSE = { shortest: 60_000, longest: 900_000 } as const;

/**
 * Returns how long kas waits after the last failed launch, in ms. The pause is as long as the time between the first and the
 * last failure in a row, within the bounds. So each further failure about doubles the pause.
 */
export function pauseAfter({ since, last }: NonNullable<Observation["history"]["launchesFail"]>): number {
  return Math.min(PAUSE.longest, Math.max(PAUSE.shortest, last - since));
}

/** Returns when the first pause of starts or launches ends, in ms since the epoch. Undefined if no start waits. */
export function nextAttempt(observation: Observation): number | undefined {
  const { now, history: { launchesFail } } = observation;
  const launch = launchesFail === undefined ? [] : [launchesFail.last + pauseAfter(launchesFail)];
  const ends = [...pausesOf(observation).all.map(({ until }) => until), ...launch].filter((end) => end > now);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Returns, in a sentence, why kas launches no node yet. Undefined if kas may launch one. */
export function launchPause({ history: { launchesFail }, now }: Observation): string | undefined {
  if (launchesFail === undefined) return undefined;
  const pause = pauseAfter(launchesFail);
  if (!recent(launchesFail.last, pause, now)) return undefined;
  const ago = seconds(Math.abs(now - launchesFail.last));
  return `The last launch failed ${ago} ago; the next attempt is ${seconds(pause)} after it.`;
}
