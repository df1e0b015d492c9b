/**
 * Tries other bounds of the capacity, other policies, and tries to allow or to forbid launches.
 *
 * @module
 */
import { capacityOf, fleetSize } from "../model/capacity.ts";
import type { DecisionKind } from "../model/decision.ts";
import { exists } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { policyOf } from "../model/load/policy.ts";
import { overrideOf } from "../policies/operator.ts";
import { type Change, withLimits } from "./change.ts";

/** Tries other values of `--max`: larger values if `raise` is true, and smaller values otherwise. */
export function maxima(observation: Observation, raise: boolean): Change[] {
  const { limits, instances } = observation;
  const { current: now } = capacityOf(observation);
  // The check of a launch counts the whole fleet, and not only the capacity.
  const counts = limits.grow === undefined ? [now] : [now, fleetSize(observation)];
  const values = raise ? counts.map((it) => it + 1) : counts.toReversed();
  const present = limits.max ?? `the whole fleet's ${instances.filter(exists).length}`;
  return [...new Set(values)].map((value) => ({
    change: `with --max ${value} instead of ${present}`,
    observation: withLimits(observation, { max: value }),
  }));
}

/** Tries other values of `--min`: a smaller value if `lower` is true, and a larger value otherwise. */
export function minima(observation: Observation, lower: boolean): Change[] {
  const { min } = observation.limits;
  const { inService } = capacityOf(observation);
  return [inService, lower ? inService - 1 : inService + 1]
    .filter((value) => value >= 0 && value !== min)
    .map((value) => ({
      change: `with --min ${value} instead of ${min ?? "the number of base and control instances"}`,
      observation: withLimits(observation, { min: value }),
    }));
}

/** Tries the observation without the windows of each schedule. */
export function schedules(observation: Observation): Change[] {
  const { windows = [] } = observation;
  return [...new Set(windows.map(({ name }) => name))].map((name) => ({
    change: `without schedule ${name}`,
    observation: { ...observation, windows: windows.filter((window) => window.name !== name) },
  }));
}

/** Tries the observation without the capacity that an operator asked for. */
export function withoutOverride(observation: Observation): Change[] {
  const present = overrideOf(observation);
  if (present === undefined) return [];
  const { override: _, ...without } = observation;
  return [{ change: `without the operator's capacity of ${present.capacity}`, observation: without }];
}

/** Tries the observation with the policy `alarms`, if the fleet does not have it. */
export function withAlarms(observation: Observation): Change[] {
  const { policies, ...limits } = observation.limits;
  if (policies === undefined || policyOf({ policies }, "alarms") !== undefined) return [];
  const changed = { ...limits, policies: [...policies, { type: "alarms" as const }] };
  return [{ change: "with the policy alarms", observation: { ...observation, limits: changed } }];
}

/**
 * If the decision is a launch, tries it without `--grow`. If the decision is no action and `--grow` is not set, tries
 * `--grow`.
 */
export function growth(observation: Observation, kind: DecisionKind): Change[] {
  const { max, grow } = observation.limits;
  if (kind === "launch") {
    const { grow: _, ...limits } = observation.limits;
    return [{ change: "without --grow", observation: { ...observation, limits } }];
  }
  if (kind !== "none" || grow !== undefined) return [];
  const room = fleetSize(observation) + 1;
  const template = "a launch template";
  return [
    ...(max === undefined
      ? []
      : [{ change: "with --grow", observation: withLimits(observation, { grow: template }) }]),
    {
      change: `with --grow and --max ${room}`,
      observation: withLimits(observation, { grow: template, max: room }),
    },
  ];
}
