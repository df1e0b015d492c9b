/**
 * When capacity last changed, and how long the metrics do not show the change. Metrics arrive minutes late, and a datapoint
 * from before a change does not show the load of the instances that are in service now.
 *
 * @module
 */
import { DIRECTION } from "./activity.ts";
import { inService, type Instance, lifecycleStatus } from "./instance.ts";
import type { FleetIndex } from "./fleet_index.ts";
import { type Observation, recent } from "./observation.ts";

/**
 * A change that is further in the future than this does not count, in ms. Such a time means that somebody has set the clock
 * back. kas must not wait until the clock reaches it.
 */
const CLOCK_TOLERANCE = 300_000;

/** Returns when capacity last changed: an instance came into service, or a scale-in began. Undefined if no change is known. */
export function lastCapacityChange({ now, instances, inProgress, history }: Observation): number | undefined {
  const changes = [
    history.capacityChanged,
    history.lastIn,
    ...instances.filter(inService).map(({ id }) => history.inServiceSince[id]),
    ...inProgress.filter(({ kind }) => DIRECTION[kind] === "in").map(({ since }) => since),
  ].filter((at): at is number => at !== undefined && at <= now + CLOCK_TOLERANCE);
  return changes.length === 0 ? undefined : Math.max(...changes);
}

/**
 * Returns how long the CPU of an instance does not show its load after the instance came into service, in ms. Booting uses
 * CPU, and the metrics show the boot for as long as they are late.
 */
export function settlingTime({ warmup, metricDelay = 0 }: Observation["limits"]): number {
  return warmup + metricDelay;
}

/** Whether an instance came into service, or was launched, less than the settling time ago. */
export function isSettling({ id, launched }: Instance, { limits, history, now }: Observation): boolean {
  const span = settlingTime(limits);
  return [history.inServiceSince[id], launched].some((since) => recent(since, span, now));
}

/**
 * Whether any instance of the fleet is joining. An instance without an activity in progress counts only for the settling time
 * after its launch, because it may never come into service.
 */
export function isAnyJoining(observation: Observation, index: FleetIndex): boolean {
  const { instances, inProgress, limits, now } = observation;
  return inProgress.some(({ kind }) => DIRECTION[kind] === "out") ||
    instances.some((instance) =>
      lifecycleStatus(instance, index.activity(instance.id)) === "joining" &&
      recent(instance.launched, settlingTime(limits), now)
    );
}
