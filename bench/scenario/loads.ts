/**
 * The loads that the policies are held against: how much CPU is asked for, second by second, in instances' worth.
 *
 * @module
 */
import { NINE_STEPS, THINK_MS, WORK_MS } from "../../src/admin/sandbox/scenario/nine_steps.ts";

/** A load over time, and the fleet that is there for it. */
export interface Load {
  readonly name: string;
  /** How many instances there are, the base included. */
  readonly fleet: number;
  /** s that it lasts. */
  readonly seconds: number;
  /** How many instances it would keep wholly busy at a second. */
  readonly demand: (second: number) => number;
}

/** s that each of the nine steps lasts. */
const STEP = 300;

/** The acceptance scenario: a client's share of an instance is the time it works of the time it takes in all. */
export function nineSteps(): Load {
  const work = (WORK_MS[0] + WORK_MS[1]) / 2;
  const share = work / (work + THINK_MS);
  return {
    name: "the nine steps",
    fleet: 4,
    seconds: NINE_STEPS.length * STEP,
    demand: (second) => (NINE_STEPS[Math.floor(second / STEP)]?.clients.length ?? 0) * share,
  };
}

/** s between two rows of a recorded load. */
const ROW = 300;

/** Days of a recorded load that are played. */
const DAYS = 7;

/** How many instances a recorded load is played against. */
const FLEET = 20;

/** How busy the whole fleet is at a recorded load's peak: at the threshold for more, so that the fleet is just enough. */
const PEAK = 0.8;

/** A recorded load, `timestamp,value` a row, scaled so that its peak takes the whole fleet; each value lasts until the next. */
export function recorded(name: string, csv: string): Load {
  const values = csv.trim().split("\n").slice(1, 1 + (DAYS * 86_400) / ROW).map((line) => {
    const value = Number(line.split(",")[1]);
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name}: no number in "${line}"`);
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
