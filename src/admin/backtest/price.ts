/**
 * What the instances of a backtest cost.
 *
 * @module
 */
import { priceOf } from "../setup/cost/prices.ts";

const HOUR = 3_600;

/** How billed time becomes a cost. */
export interface Tariff {
  /** The cost of one instance-hour, or 1 if the price is not known. */
  readonly perHour: number;
  /** What the cost is, in a sentence. */
  readonly note: string;
}

/** Without a price, the cost is the number of billed instance-hours. */
export const HOURS: Tariff = {
  perHour: 1,
  note: "COST is in billed instance-hours: the price of an instance is not known",
};

/**
 * Returns the price of the fleet's instances.
 *
 * @param types the types of the instances
 */
export function tariffOf(types: readonly string[], region: string): Tariff {
  const [type, ...others] = [...new Set(types)];
  if (type === undefined || others.length > 0) return HOURS;
  const price = priceOf(`instance ${type}`, region);
  if (price === undefined) return HOURS;
  return {
    perHour: Number(price.usd),
    note: `COST is in US dollars: ${price.usd} an hour for ${type} in ${price.region} (${price.date})`,
  };
}

/** Returns the cost of billed instance-seconds. */
export function costOf(billed: number, { perHour }: Tariff): number {
  return (billed / HOUR) * perHour;
}
