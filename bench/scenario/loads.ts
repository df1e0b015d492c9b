/**
 * The loads: how much CPU the clients need in each second, as a number of busy instances.
 *
 * @module
 */
import { readRows } from "../../src/scaling/simulate/load/csv.ts";
import { type Load, loadOf, peakOf, seriesOf } from "../../src/scaling/simulate/load/load.ts";
import { NINE_STEPS, THINK_MS, WORK_MS } from "../../src/admin/sandbox/scenario/nine_steps.ts";

/** A load that has a name. */
export interface NamedLoad extends Load {
  readonly name: string;
}

/** Duration of each of the nine steps in s. */
const STEP = 300;

/**
 * The acceptance scenario with its nine steps. A client uses a share of one instance: the duration of its work divided
 * by the duration of a request with its pause.
 */
export function nineSteps(): NamedLoad {
  const work = (WORK_MS[0] + WORK_MS[1]) / 2;
  const share = work / (work + THINK_MS);
  return {
    name: "the nine steps",
    fleet: 4,
    seconds: NINE_STEPS.length * STEP,
    demand: (second) => (NINE_STEPS[Math.floor(second / STEP)]?.clients.length ?? 0) * share,
  };
}

/** How long a recorded load is played, in seconds. */
const WEEK = 7 * 86_400;

/** Number of instances for a recorded load. */
const FLEET = 20;

/**
 * How busy the whole fleet is at the peak of a recorded load: as busy as the `cpuhigh` threshold, so that the fleet is
 * just large enough.
 */
const PEAK = 0.8;

/**
 * Reads the first week of a recorded load, and scales it so that its peak needs the whole fleet. A value applies until the time of
 * the next value.
 */
export function recordedLoad(name: string, csv: string): NamedLoad {
  const week = seriesOf(readRows(csv), WEEK);
  return { name, ...loadOf(week, peakOf(week) / (FLEET * PEAK), FLEET) };
}
