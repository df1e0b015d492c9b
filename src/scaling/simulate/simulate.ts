/**
 * A load on a fleet that kas scales, in virtual time.
 *
 * @module
 */
import type { Limits } from "../model/limits.ts";
import { type SimulatedAction, SimulatedAutoscaler } from "./autoscaler.ts";
import { SimulatedFleet } from "./fleet.ts";
import { instancesNeeded, type Load } from "./load.ts";
import { UNKIND, type World } from "./world.ts";

/** What to simulate. */
export interface Simulation {
  readonly load: Load;
  readonly limits: Limits;
  /** How AWS behaves; by default unkindly. */
  readonly world?: World;
  /** Number of instances in service at the start; by default 1. */
  readonly inService?: number;
  /** Takes each reading for one of now, so that the harm of late metrics can be seen. */
  readonly trustOldReadings?: boolean;
}

/** What happened. */
export interface Outcome {
  readonly actions: readonly SimulatedAction[];
  readonly starts: number;
  readonly stops: number;
  /** s in which the load took all of the CPU in service. */
  readonly saturated: number;
  /** The largest number of instances in service or joining beyond what the load needed. */
  readonly mostAboveNeed: number;
  /** Number of instances in service, by second. */
  readonly inService: readonly number[];
}

/** Runs a simulation. */
export function simulate(
  { load, limits, world = UNKIND, inService = 1, trustOldReadings = false }: Simulation,
): Outcome {
  const fleet = new SimulatedFleet(load, world, inService);
  const autoscaler = new SimulatedAutoscaler(fleet, limits, trustOldReadings);
  const serving: number[] = [];
  let saturated = 0;
  let mostAboveNeed = 0;
  for (let second = 0; second < load.seconds; second++) {
    const demand = load.demand(second);
    const capacity = fleet.in("in-service", "booting", "registering").length;
    serving.push(fleet.inService);
    if (demand >= fleet.inService) saturated++;
    mostAboveNeed = Math.max(mostAboveNeed, capacity - instancesNeeded(demand, load.fleet));
    autoscaler.tick(fleet.tick());
  }
  return { actions: autoscaler.actions, ...fleet.count, saturated, mostAboveNeed, inService: serving };
}
