/**
 * Random fleets in which instances die.
 *
 * @module
 */
import type { FleetPlan } from "../../support/lab/fleet_plan.ts";
import { TEMPLATE } from "../../support/lab/cloud.ts";
import { DEFAULTS } from "../../unit/scaling/simulate/limits.ts";

/** `--unhealthy-after`, in ms. */
export const UNHEALTHY_AFTER = 120_000;

/** Random numbers from 0 up to 1. */
export type Random = () => number;

/** Returns a random integer between two integers, which it includes. */
export function integer(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** Returns a random element of a list that is not empty. */
export function oneOf<T>(random: Random, list: readonly T[]): T {
  const chosen = list[integer(random, 0, list.length - 1)];
  if (chosen === undefined) throw new Error("there is nothing to choose from");
  return chosen;
}

/** A fleet with its bounds. */
export interface BoundedFleet {
  readonly plan: FleetPlan;
  readonly min: number;
  readonly max: number;
}

/** Returns a random fleet of 3 to 20 instances with a minimum of 2 to 5, on an AWS with the delays of a real account. */
export function randomFleet(random: Random): BoundedFleet {
  const size = integer(random, 3, 20);
  const min = integer(random, 2, Math.min(5, size - 1));
  const max = integer(random, min, size);
  const control = size > 4 && random() < 0.3;
  const alwaysOn = 1 + Number(control);
  const nodes = Array.from({ length: size - alwaysOn }, (_, i) => ({
    zone: (i + 1) % 2,
    serving: i < min - alwaysOn,
    quarantined: false,
    grouped: false,
  }));
  const grows = random() < 0.3;
  return {
    min,
    max: Math.max(max, grows ? size : 0),
    plan: {
      kind: false,
      faults: [],
      seed: integer(random, 0, 1_000_000),
      control,
      nodes,
      foreign: random() < 0.2,
      reqcount: false,
      limits: {
        ...DEFAULTS,
        unhealthyAfter: UNHEALTHY_AFTER,
        min,
        max: Math.max(max, grows ? size : 0),
        ...(grows ? { grow: TEMPLATE } : {}),
      },
      startTimeout: 300_000,
      drainTimeout: 315_000,
    },
  };
}
