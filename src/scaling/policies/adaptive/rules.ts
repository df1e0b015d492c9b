/**
 * The rules among which the adaptive policy chooses. docs/policies.md explains them.
 *
 * @module
 */

/**
 * The forecasts of the demand. `now` is the last demand, `average` an average that forgets the past, and `hour`, `day` and `week` are
 * the larger of the last demand and the highest demand at this time an hour, a day or a week ago.
 */
export const FORECASTS = ["now", "average", "hour", "day", "week"] as const;

/** A forecast of the demand. */
export type Forecast = typeof FORECASTS[number];

/** By what the rules multiply a forecast. */
export const FACTORS = [1, 1.5] as const;

/** How many instances the rules add to a forecast. */
export const SPARES = [0, 1, 2, 4, 8] as const;

/** How long the rules keep their highest capacity, in ms. */
export const HOLDS = [120_000, 600_000, 3_600_000] as const;

/** A rule: it recommends the highest capacity of the last time, of a forecast multiplied by a factor, and some spare instances. */
export interface Rule {
  readonly forecast: Forecast;
  readonly factor: number;
  /** How many instances the rule adds. */
  readonly spare: number;
  /** How long the rule keeps its highest capacity, in ms. */
  readonly hold: number;
}

/** All rules. The order is by the forecast, the factor, the hold, and then the spare instances. */
export const RULES: readonly Rule[] = FORECASTS.flatMap((forecast) =>
  FACTORS.flatMap((factor) =>
    HOLDS.flatMap((hold) => SPARES.map((spare): Rule => ({ forecast, factor, spare, hold })))
  )
);

/** The number of the rule that kas follows before it has learned anything: the last demand, kept for 2 min. */
export const COLD_RULE = 0;
