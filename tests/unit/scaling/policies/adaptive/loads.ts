import { Learner } from "../../../../../src/scaling/policies/adaptive/learner.ts";
import type { AdaptiveSettings } from "../../../../../src/scaling/policies/adaptive/learner.ts";
import type { Circumstances } from "../../../../../src/scaling/policies/adaptive/play.ts";
import type { AdaptiveView } from "../../../../../src/scaling/policies/adaptive/view.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** When the tests begin, in ms since the epoch. */
export const START = Date.UTC(2026, 0, 5);

export const SETTINGS: AdaptiveSettings = { utilization: 80, risk: 0.015 };

export const CIRCUMSTANCES: Circumstances = { min: 1, max: 20, lead: 160_000 };

/** Adds a sample for each period of a span of time. */
export function feed(
  learner: Learner,
  demand: (ms: number) => number,
  { from = 0, to, span = MINUTE, circumstances = CIRCUMSTANCES }: {
    readonly from?: number;
    readonly to: number;
    readonly span?: number;
    readonly circumstances?: Circumstances;
  },
): void {
  for (let ms = from + span; ms <= to; ms += span) {
    learner.note({ at: START + ms, span, demand: demand(ms) }, circumstances);
    learner.replay();
  }
}

/** Returns what a new learner knows after a load. */
export function learned(
  demand: (ms: number) => number,
  to: number,
  settings: Partial<AdaptiveSettings> = {},
): AdaptiveView {
  const learner = new Learner({ ...SETTINGS, ...settings });
  feed(learner, demand, { to });
  return viewOf(learner);
}

/** Returns what a learner knows that has had a sample. */
export function viewOf(learner: Learner): AdaptiveView {
  const view = learner.view();
  if (view === undefined) throw new Error("the learner has had no sample");
  return view;
}

/** A load of 2 instances that is 8 instances for 20 min at noon. */
export function dailyPeak(ms: number): number {
  const time = ms % DAY;
  return time > 12 * HOUR && time <= 12 * HOUR + 20 * MINUTE ? 8 : 2;
}
