/**
 * When capacity last changed, and which readings of the load are older than that: metrics arrive minutes late, and those from
 * before a change do not show the load of the instances in service now.
 *
 * @module
 */
import { DIRECTION } from "./activity.ts";
import { inService, type Instance, lifecycleStatus } from "./instance.ts";
import type { FleetIndex } from "./fleet_index.ts";
import { type Observation, recent } from "./observation.ts";

/**
 * A change further ahead of the clock than this comes from a clock that was set back since, and does not count, ms: no clock
 * holds the fleet back for ever.
 */
const CLOCK_TOLERANCE = 300_000;

/** When capacity in service last changed: a start was completed, or a stop began. Undefined where no change is known. */
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
 * How long the load of an instance says nothing after it came into service, ms: booting takes CPU, and the metrics show it for
 * as long as they are late.
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
 * Whether an instance is on its way into service. One that has been out of service for longer than the settling time without an
 * activity is not: it may never come.
 */
export function isAnyJoining(observation: Observation, index: FleetIndex): boolean {
  const { instances, inProgress, limits, now } = observation;
  return inProgress.some(({ kind }) => DIRECTION[kind] === "out") ||
    instances.some((instance) =>
      lifecycleStatus(instance, index.activity(instance.id)) === "joining" &&
      recent(instance.launched, settlingTime(limits), now)
    );
}
