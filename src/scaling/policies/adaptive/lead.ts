/**
 * How long it takes from a change of the load until an instance serves that kas starts because of it.
 *
 * @module
 */
import type { LoadPoint } from "../../model/load/view.ts";

/** How long a start takes as long as kas has not seen one: from StartInstances until the instance is in service, in ms. */
export const UNKNOWN_START = 100_000;

/**
 * Returns the lead, in ms: the period in which the load changes, the delay of its datapoint, and the start.
 *
 * @param delay from the end of a period until kas knows its load, in ms
 * @param start from StartInstances until the instance is in service, in ms
 */
export function leadOf({ span }: Pick<LoadPoint, "span">, delay: number, start = UNKNOWN_START): number {
  return span + delay + start;
}
