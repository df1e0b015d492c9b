/**
 * Simulates in virtual time how kas scales a fleet under a load.
 *
 * @module
 */
import type { Limits } from "../model/limits.ts";
import { type SimulatedAction, SimulatedAutoscaler } from "./autoscaler.ts";
import { instancesNeeded, type Load } from "./load/load.ts";
import { play, type Played } from "./play.ts";
import { UNKIND, type World } from "./world.ts";

/** The input of a simulation. */
export interface Simulation {
  readonly load: Load;
  readonly limits: Limits;
  /** How AWS behaves. Default: {@linkcode UNKIND}. */
  readonly world?: World;
  /** The number of instances in service at the start. Default: 1. */
  readonly inService?: number;
  /** Whether kas treats each datapoint as if it began now. A test shows with it what damage late metrics would cause. */
  readonly trustOldReadings?: boolean;
}

/** The result of a simulation. */
export interface Outcome extends Played {
  readonly actions: readonly SimulatedAction[];
  /** The number of seconds in which the load used the whole CPU of all instances in service. */
  readonly saturated: number;
  /** The largest number of instances in service or joining that the load did not need at a second. */
  readonly mostAboveNeed: number;
}

/** Runs a simulation. */
export function simulate(
  { load, limits, world = UNKIND, inService = 1, trustOldReadings = false }: Simulation,
): Outcome {
  let saturated = 0;
  let mostAboveNeed = 0;
  let actions: readonly SimulatedAction[] = [];
  const played = play(load, (fleet) => {
    const autoscaler = new SimulatedAutoscaler(fleet, { limits, trustOldReadings });
    actions = autoscaler.actions;
    return (arrived) => {
      autoscaler.tick(arrived);
      const demand = load.demand(fleet.now);
      if (demand >= fleet.inService) saturated++;
      mostAboveNeed = Math.max(mostAboveNeed, fleet.current - instancesNeeded(demand, load.fleet));
    };
  }, { world, inService });
  return { ...played, actions, saturated, mostAboveNeed };
}
