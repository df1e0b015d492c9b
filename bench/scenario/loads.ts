/**
 * The loads: how much CPU the clients ask for, second by second, in numbers of busy instances.
 *
 * @module
 */
import type { Load } from "../../src/scaling/simulate/load.ts";
import { NINE_STEPS, THINK_MS, WORK_MS } from "../../src/admin/sandbox/scenario/nine_steps.ts";

/** A load that has a name. */
export interface NamedLoad extends Load {
  readonly name: string;
}

/** Duration of each of the nine steps, s. */
const STEP = 300;

/** The acceptance scenario. A client takes the share of an instance that its work has of a whole request and pause. */
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

/** Time between two rows of a recorded load, s. */
const ROW = 300;

/** How many days of a recorded load are played. */
const DAYS = 7;

/** Number of instances for a recorded load. */
const FLEET = 20;

/** How busy the whole fleet is at the peak of a recorded load: at the `cpuhigh` threshold, so that the fleet just suffices. */
const PEAK = 0.8;

/** A recorded load from rows of `timestamp,value`, scaled so that its peak takes the whole fleet. A value lasts until the next. */
export function recordedLoad(name: string, csv: string): NamedLoad {
  const values = csv.trim().split("\n").slice(1, 1 + (DAYS * 86_400) / ROW).map((line) => {
    const value = Number(line.split(",")[1]);
    if (!Number.isFinite(value) || value < 0) {
      throw new TypeError(`Cannot read ${name}: "${line}" has no number`);
    }
    return value;
  });
  const scale = (FLEET * PEAK) / Math.max(...values);
  return {
    name,
    fleet: FLEET,
    seconds: values.length * ROW,
    demand: (second) => (values[Math.floor(second / ROW)] ?? 0) * scale,
  };
}
