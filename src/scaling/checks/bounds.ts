/**
 * R3: the checks `max-capacity` and `min-capacity`, which keep the capacity between the bounds in force.
 *
 * @module
 */
import { boundsOf, capacityOf, fleetSize, instancesAt } from "../model/capacity.ts";
import type { Instance } from "../model/instance.ts";
import type { FleetView } from "../model/observation.ts";
import { boundText, count } from "../words.ts";
import { type Check, type CheckResult, hold, type InContext, type OutContext, pass } from "./check.ts";

/**
 * R3: passes if the capacity is below the maximum. For a launch the check counts all instances of the fleet. Otherwise kas
 * would launch instances without end if they fail to start, or if somebody stops them.
 */
export const belowMax: Check<OutContext> = {
  name: "max-capacity",
  condition: "capacity is below max",
  check: ({ observation, selection }) => {
    const { inService, failing, joining, current } = capacityOf(observation);
    const { max } = boundsOf(observation);
    const launches = selection.kind === "launch";
    const size = fleetSize(observation);
    const counted = launches ? size : current;
    const sum = failing === 0 ? `${inService} in service` : `${inService} in service, ${failing} failing`;
    const message = `Capacity is ${sum} and ${joining} joining${
      launches ? `; a launch counts the whole fleet of ${size}` : ""
    }; max is ${boundText(max, observation.now)}${
      max.windows.length === 0 && observation.limits.max === undefined ? " (the whole fleet)" : ""
    }.`;
    return counted < max.value ? pass(message) : hold(message);
  },
};

/**
 * R3: passes if at least the minimum stays in service after the scale-in. Joining instances do not count, because they may
 * never come into service.
 */
export const aboveMin: Check<InContext> = {
  name: "min-capacity",
  condition: "min stays in service",
  check: ({ observation, selection: { instance } }) =>
    instance === undefined ? undefined : checkMin(instance, observation),
};

/** Runs the min-capacity check for an instance that is to leave. */
export function checkMin(target: Pick<Instance, "id">, view: FleetView): CheckResult {
  const remaining = remainingWithout(target, view).length;
  const { min } = boundsOf(view);
  const message = `${count(remaining, "instance")} would stay in service; min is ${
    boundText(min, view.now)
  }.`;
  return remaining >= min.value ? pass(message) : hold(message);
}

/** Returns the instances that stay in service when `target` leaves. */
export function remainingWithout(target: Pick<Instance, "id">, view: FleetView): Instance[] {
  return instancesAt("in-service", view).filter(({ id }) => id !== target.id);
}
