/**
 * Chooses a rule by the records of all rules.
 *
 * @module
 */
import { isMature } from "./forecasts.ts";
import { RULES } from "./rules.ts";
import type { Scores } from "./scores.ts";

/** kas leaves its rule only for one that is better by this share. */
const GAIN = 0.05;

/**
 * Returns the numbers of the rules that kas may follow, the best first: those that kept the risk by their cost, and then the others by
 * the time in which they were short.
 *
 * @param age how old the oldest minute of the demand is, in ms
 */
function ranking(scores: Scores, risk: number, age: number): number[] {
  const all = [...RULES.keys()].filter((rule) => isMature(RULES[rule]?.forecast ?? "now", age));
  const byCost = (a: number, b: number) => scores.cost(a) - scores.cost(b);
  return [
    ...all.filter((rule) => scores.short(rule) <= risk).toSorted(byCost),
    ...all.filter((rule) => scores.short(rule) > risk)
      .toSorted((a, b) => scores.short(a) - scores.short(b) || byCost(a, b)),
  ];
}

/** What kas chose. */
export interface Choice {
  /** The number of the rule to follow. */
  readonly rule: number;
  /** The best of the other rules. */
  readonly runnerUp?: number;
  /** The rule that was short the least among those that cost less than the chosen one and did not keep the risk. */
  readonly cheaper?: number;
}

/**
 * Chooses a rule: the best one, if it is better than the present one by more than a little.
 *
 * @param age how old the oldest minute of the demand is, in ms
 */
export function choose(current: number, scores: Scores, risk: number, age: number): Choice {
  const ranked = ranking(scores, risk, age);
  const [best = current] = ranked;
  const rule = isMuchBetter(best, current, scores, risk) ? best : current;
  const runnerUp = ranked.find((it) => it !== rule);
  const cheaper = ranked.find((it) =>
    scores.short(it) > Math.max(risk, scores.short(rule)) && scores.cost(it) < (1 - GAIN) * scores.cost(rule)
  );
  return {
    rule,
    ...(runnerUp === undefined ? {} : { runnerUp }),
    ...(cheaper === undefined ? {} : { cheaper }),
  };
}

function isMuchBetter(best: number, current: number, scores: Scores, risk: number): boolean {
  if (scores.short(best) > risk) return scores.short(best) < (1 - GAIN) * scores.short(current);
  return scores.short(current) > risk || scores.cost(best) < (1 - GAIN) * scores.cost(current);
}
