/**
 * The record of each rule: how it would have done on what really happened. The past counts with a half-life of 3 days.
 *
 * @module
 */
import { RULES } from "./rules.ts";

/** After this time the past counts half, in ms. */
const HALF_LIFE = 3 * 86_400_000;

/** What a start of an instance costs: as much as an instance that is not needed costs in this time, in ms. */
const START = 900_000;

/** The sums over the past. Each array has a number for each rule, in the order of {@linkcode RULES}. */
export interface Sums {
  /** The time of all periods, in ms. */
  time: number;
  /** The need, in instances × ms. */
  needed: number;
  /** The time in which the capacity was below the need, in ms. */
  readonly short: Float64Array;
  /** The capacity beyond the need, in instances × ms. */
  readonly beyond: Float64Array;
  /** How many instances the rule would have started. */
  readonly starts: Float64Array;
}

/** What each rule did in a period. */
export interface Played {
  /** The length of the period in ms. */
  readonly span: number;
  readonly need: number;
  /** The capacity that each rule recommended. */
  readonly targets: Float64Array;
  /** The capacity that each rule would have had in service: the least of its targets within the lead. */
  readonly ready: Float64Array;
  /** The capacity that each rule recommended before. Undefined if it is not known. */
  readonly before: Float64Array | undefined;
}

/** The records of all rules. */
export class Scores {
  readonly sums: Sums;

  constructor(sums: Sums = noSums()) {
    this.sums = sums;
  }

  /** Adds a period. */
  add({ span, need, targets, ready, before = targets }: Played): void {
    const kept = 2 ** (-span / HALF_LIFE);
    const { sums } = this;
    sums.time = sums.time * kept + span;
    sums.needed = sums.needed * kept + need * span;
    for (let i = 0; i < RULES.length; i++) {
      const target = targets[i] ?? 0;
      addTo(sums.short, i, kept, (ready[i] ?? 0) < need ? span : 0);
      addTo(sums.beyond, i, kept, Math.max(0, target - need) * span);
      addTo(sums.starts, i, kept, Math.max(0, target - (before[i] ?? 0)));
    }
  }

  /** Returns the share of time in which a rule was short. */
  short(rule: number): number {
    return (this.sums.short[rule] ?? 0) / this.sums.time;
  }

  /** Returns the capacity of a rule beyond the need, as a share of the need. */
  spareShare(rule: number): number {
    return (this.sums.beyond[rule] ?? 0) / Math.max(this.sums.needed, 1);
  }

  /** Returns how many instances a rule started a day. */
  startsPerDay(rule: number): number {
    return ((this.sums.starts[rule] ?? 0) / this.sums.time) * 86_400_000;
  }

  /** Returns what a rule cost, in instances × ms. */
  cost(rule: number): number {
    return (this.sums.beyond[rule] ?? 0) + START * (this.sums.starts[rule] ?? 0);
  }
}

function noSums(): Sums {
  const zeros = () => new Float64Array(RULES.length);
  return { time: 0, needed: 0, short: zeros(), beyond: zeros(), starts: zeros() };
}

function addTo(sums: Float64Array, rule: number, kept: number, value: number): void {
  sums[rule] = (sums[rule] ?? 0) * kept + value;
}
