/**
 * Describes what the adaptive policy knows, in sentences.
 *
 * @module
 */
import { count, percent, sentences } from "../../words.ts";
import { USABLE } from "./choice.ts";
import type { Forecast, Rule } from "./rules.ts";
import type { AdaptiveView, RuleRecord } from "./view.ts";

const NAMES: Readonly<Record<Forecast, string>> = {
  now: "demand",
  average: "hourly average",
  hour: "hourly peak",
  day: "daily peak",
  week: "weekly peak",
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The records forget the past with this half-life, in ms: a text names no longer time. */
const HALF_LIFE = 3 * DAY;

/** Returns a rule as text: `daily peak × 1.5 + 1, held 10 min`. */
export function ruleText({ forecast, factor, spare, hold }: Rule): string {
  const times = factor === 1 ? "" : ` × ${factor}`;
  const plus = spare === 0 ? "" : ` + ${spare}`;
  return `${NAMES[forecast]}${times}${plus}, held ${hold / MINUTE} min`;
}

/** Describes what kas knows, why it follows its rule, and what would change this. */
export function describe(view: AdaptiveView, utilization: number, risk: number): string {
  const { demand, need, chosen, withoutCeiling } = view;
  const are = need === 1 ? "is" : "are";
  const ceiling = withoutCeiling === undefined
    ? ""
    : `The setting maxSpare lowers this from ${withoutCeiling}.`;
  return sentences(
    `Demand is ${count(Number(demand.toFixed(1)), "instance")}, so ${need} ${are} needed at ${
      percent(utilization)
    }.`,
    `The rule '${ruleText(chosen)}' recommends ${chosen.capacity}.`,
    ceiling,
    recordOf(view, risk),
    ...alternatives(view),
  );
}

/** Describes the record of the chosen rule, or why there is none yet. */
function recordOf({ chosen, cold, measured, replaying }: AdaptiveView, risk: number): string {
  if (replaying) return "kas is replaying all rules on the past, and then chooses among them.";
  return cold
    ? `kas has measured the load for ${lasting(measured)}, and chooses among all rules after 20 min to 2 h.`
    : `It was ${record(chosen)} in the last ${lasting(Math.min(measured, HALF_LIFE))}; ${
      kept(chosen, risk)
    }.`;
}

function kept({ short }: RuleRecord, risk: number): string {
  const asked = `the risk is ${share(risk)}`;
  return short <= risk ? asked : `${asked}, which no rule kept`;
}

function alternatives({ runnerUp, cheaper }: AdaptiveView): string[] {
  return [
    ...(runnerUp === undefined ? [] : [`The next rule is '${ruleText(runnerUp)}': ${record(runnerUp)}.`]),
    ...(cheaper === undefined ? [] : [
      `With a risk of ${share(Math.ceil((cheaper.short / USABLE) * 1_000) / 1_000)} kas would follow '${
        ruleText(cheaper)
      }', at ${percent(100 * cheaper.spareShare)} spare capacity.`,
    ]),
  ];
}

function record({ short, spareShare }: RuleRecord): string {
  return `short ${share(short)} of the time at ${percent(100 * spareShare)} spare capacity`;
}

function share(value: number): string {
  return percent(100 * value);
}

function lasting(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} days`;
  return ms >= 2 * HOUR ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / MINUTE)} min`;
}
