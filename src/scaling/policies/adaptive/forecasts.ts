/**
 * Forecasts of the demand, in instances at 100 %.
 *
 * @module
 */
import { MINUTE, type Minutes } from "./minutes.ts";
import { type Forecast, FORECASTS } from "./rules.ts";

const HOUR = 3_600_000;

/** After this time the past counts half in the forecast `average`, in ms. */
const AVERAGE_HALF_LIFE = HOUR;

/** The forecasts that repeat a season, and how long the season is in ms. */
const SEASONS: Readonly<Partial<Record<Forecast, number>>> = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR };

/** For how long kas must have measured beyond a season before it follows the season's forecast, in ms. */
const BEYOND_SEASON = 2 * HOUR;

/** Whether kas may follow a forecast if its oldest minute is this old, in ms. */
export function isMature(forecast: Forecast, age: number): boolean {
  const season = SEASONS[forecast];
  return season === undefined || age >= season + BEYOND_SEASON;
}

/** Returns the average of the demand after a sample that came `elapsed` ms after the one before. */
export function nextAverage(average: number | undefined, demand: number, elapsed: number): number {
  const kept = 2 ** (-elapsed / AVERAGE_HALF_LIFE);
  return average === undefined ? demand : kept * average + (1 - kept) * demand;
}

/** What the forecasts depend on. Times are in ms. */
export interface Known {
  readonly at: number;
  readonly demand: number;
  readonly average: number;
  readonly minutes: Minutes;
  /** How long it takes until a start shows. */
  readonly lead: number;
}

/** Returns the demand by each forecast, in the order of {@linkcode FORECASTS}. */
export function forecastsOf({ at, demand, average, minutes, lead }: Known): number[] {
  return FORECASTS.map((forecast) => {
    const season = SEASONS[forecast];
    if (season === undefined) return forecast === "average" ? average : demand;
    const highest = minutes.highest(at - season - MINUTE, at - season + lead + MINUTE);
    return Math.max(demand, highest ?? 0);
  });
}
