/**
 * The capacity that each rule recommends.
 *
 * @module
 */
import { FACTORS, FORECASTS, HOLDS, RULES, SPARES } from "./rules.ts";
import { SlidingMax } from "./sliding_max.ts";

/** The bounds of the capacity, in instances. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** How many instances a rule may have beyond the need of the last 2 min, which is the shortest hold. */
  readonly maxSpare: number;
}

/** The highest need and the highest forecast of each hold. From them follows the capacity that each rule recommends. */
export class Targets {
  readonly #needs = HOLDS.map((hold) => new SlidingMax(hold));
  readonly #forecasts = FORECASTS.flatMap(() =>
    FACTORS.map((factor) => ({ factor, holds: HOLDS.map((hold) => new SlidingMax(hold)) }))
  );

  /**
   * Adds a sample.
   *
   * @param at the time in ms since the epoch
   * @param forecasts the demand by each forecast, in the order of {@linkcode FORECASTS}
   * @param utilization the share of an instance that the demand may use
   */
  add(at: number, forecasts: readonly number[], utilization: number): void {
    const [demand = 0] = forecasts;
    for (const need of this.#needs) need.add(at, instancesFor(demand, utilization));
    this.#forecasts.forEach(({ factor, holds }, i) => {
      const forecast = forecasts[Math.floor(i / FACTORS.length)] ?? demand;
      for (const hold of holds) hold.add(at, instancesFor(forecast * factor, utilization));
    });
  }

  /** Returns the capacity that each rule recommends, in the order of {@linkcode RULES}. */
  all({ min, max, maxSpare }: Bounds): Float64Array {
    const capacities = new Float64Array(RULES.length);
    const need = this.#needs[0]?.highest ?? 0;
    let rule = 0;
    for (const { holds } of this.#forecasts) {
      holds.forEach(({ highest }, i) => {
        const held = this.#needs[i]?.highest ?? 0;
        for (const spare of SPARES) {
          const wanted = Math.max(held, highest + spare);
          capacities[rule++] = within(Math.min(wanted, need + maxSpare), { min, max });
        }
      });
    }
    return capacities;
  }
}

/** Raises a capacity to the minimum, and then lowers it to the maximum. */
export function within(capacity: number, { min, max }: Pick<Bounds, "min" | "max">): number {
  return Math.min(Math.max(capacity, min), max);
}

/**
 * Returns how many instances carry a demand. The tolerance is larger than the rounding error of a 32-bit number: a demand for
 * exactly n instances must give n, and not n + 1.
 */
export function instancesFor(demand: number, utilization: number): number {
  return Math.ceil((demand / utilization) * (1 - 1e-6));
}
