/**
 * R3: capacity stays within `--max` and `--min`.
 *
 * @module
 */
import { capacityOf, fleetSize, instancesAt, maxCapacity, minCapacity } from "../model/capacity.ts";
import type { Instance } from "../model/instance.ts";
import type { FleetView } from "../model/observation.ts";
import { count } from "../words.ts";
import { type Check, type CheckResult, hold, type InContext, type OutContext, pass } from "./check.ts";

/**
 * R3: the capacity is below max. A launch counts the whole fleet instead, so that kas does not launch without end what fails to
 * start, or what somebody stops.
 */
export const belowMax: Check<OutContext> = {
  name: "max-capacity",
  asks: "capacity is below max",
  check: ({ observation, selection }) => {
    const { inService, joining } = capacityOf(observation);
    const max = maxCapacity(observation);
    const launches = selection.kind === "launch";
    const size = fleetSize(observation);
    const counted = launches ? size : inService + joining;
    const message = `Capacity is ${inService} in service and ${joining} joining${
      launches ? `; a launch counts the whole fleet of ${size}` : ""
    }; max is ${max}${observation.limits.max === undefined ? " (the whole fleet)" : ""}.`;
    return counted < max ? pass(message) : hold(message);
  },
};

/** R3: min instances stay in service. Joining instances do not count, as they may never get there. */
export const aboveMin: Check<InContext> = {
  name: "min-capacity",
  asks: "min stays in service",
  check: ({ observation, selection: { instance } }) =>
    instance === undefined ? undefined : checkMin(instance, observation),
};

/** The same check for an instance that was selected before. */
export function checkMin(target: Pick<Instance, "id">, view: FleetView): CheckResult {
  const remaining = remainingWithout(target, view).length;
  const min = minCapacity(view);
  const message = `${count(remaining, "instance")} would stay in service; min is ${min}.`;
  return remaining >= min ? pass(message) : hold(message);
}

/** The instances in service without one of them. */
export function remainingWithout(target: Pick<Instance, "id">, view: FleetView): Instance[] {
  return instancesAt("in-service", view).filter(({ id }) => id !== target.id);
}
