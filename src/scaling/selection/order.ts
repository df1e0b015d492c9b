/**
 * How candidates are ordered where two are equal otherwise.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";

/** Orders numbers; an unknown one is last. */
export function ascending(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a - b;
}

/** Orders numbers, the largest first; an unknown one is last. */
export function descending(a: number | undefined, b: number | undefined): number {
  return ascending(a === undefined ? a : -a, b === undefined ? b : -b);
}

/** Orders instances by code unit, as a locale's order differs between machines (R16). */
export function byId(a: Instance, b: Instance): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
