/**
 * Comparison functions, with which selections sort candidates.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";

/** Compares numbers. The smallest number is first, and undefined is last. */
export function ascending(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a - b;
}

/** Compares numbers. The largest number is first, and undefined is last. */
export function descending(a: number | undefined, b: number | undefined): number {
  return ascending(a === undefined ? a : -a, b === undefined ? b : -b);
}

/** Compares instances by the code units of their ids. A locale's order would differ between machines (R16). */
export function byId(a: Instance, b: Instance): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
