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
 * Which share of the risk a rule may have used in the past. The rule that did best on the past is partly the luckiest one, and
 * saturated instances hide how large the load was: the next days are worse than the record.
 */
export const USABLE = 0.5;

/**
 * Returns the numbers of the rules that kas may follow, the best first: those that kept the limit by their cost, and then the others by
 * the time in which they were short.
 *
 * @param age how old the oldest minute of the demand is, in ms
 */
function ranking(scores: Scores, limit: number, age: number): number[] {
  const all = [...RULES.keys()].filter((rule) => isMature(RULES[rule]?.forecast ?? "now", age));
  const byCost = (a: number, b: number) => scores.cost(a) - scores.cost(b);
  return [
    ...all.filter((rule) => scores.short(rule) <= limit).toSorted(byCost),
    ...all.filter((rule) => scores.short(rule) > limit)
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
  const limit = USABLE * risk;
  const ranked = ranking(scores, limit, age);
  const [best = current] = ranked;
  const rule = isMuchBetter(best, current, scores, limit) ? best : current;
  const runnerUp = ranked.find((it) => it !== rule);
  const cheaper = ranked.find((it) =>
    scores.short(it) > Math.max(limit, scores.short(rule)) && scores.cost(it) < (1 - GAIN) * scores.cost(rule)
  );
  return {
    rule,
    ...(runnerUp === undefined ? {} : { runnerUp }),
    ...(cheaper === undefined ? {} : { cheaper }),
  };
}

function isMuchBetter(best: number, current: number, scores: Scores, limit: number): boolean {
  if (scores.short(best) > limit) return scores.short(best) < (1 - GAIN) * scores.short(current);
  return scores.short(current) > limit || scores.cost(best) < (1 - GAIN) * scores.cost(current);
}
