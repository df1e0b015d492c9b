/**
 * Tries another load, newer datapoints, and another threshold.
 *
 * @module
 */
import { inService } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { type Change, type Changes, ladder } from "./change.ts";

/** Tries another CPU for each of the three busiest instances: a lower CPU if `lower` is true, and a higher CPU otherwise. */
export function loads(observation: Observation, lower: boolean): Changes[] {
  const { instances, cpu = {}, now } = observation;
  return instances.filter(inService)
    .map(({ id }) => ({ id, percent: cpu[id]?.percent ?? NaN }))
    .filter(({ percent }) => Number.isFinite(percent))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, 3)
    .map(({ id, percent }) =>
      ladder(percent, lower ? 0 : 100, 10, (value) => ({
        change: `with the CPU of ${id} at ${value} % instead of ${Number(percent.toFixed(1))} %`,
        observation: { ...observation, cpu: { ...cpu, [id]: { percent: value, at: cpu[id]?.at ?? now } } },
      }))
    );
}

/** Tries the same CPU of each instance in datapoints that began after the last change of capacity. */
export function newer(observation: Observation): Change[] {
  const { cpu = {}, now } = observation;
  return [{
    change: "if the CPU datapoints were from after the last change of capacity",
    observation: {
      ...observation,
      cpu: Object.fromEntries(Object.entries(cpu).map(([id, { percent }]) => [id, { percent, at: now }])),
    },
  }];
}

/** Tries another threshold for all cpuhigh alarms together: a higher one if `raise` is true, and a lower one otherwise. */
export function thresholds(observation: Observation, raise: boolean): Changes {
  const { alarms } = observation;
  const lowest = Math.min(
    ...alarms.filter(({ kind }) => kind === "cpuhigh").map(({ threshold }) => threshold),
  );
  if (!Number.isFinite(lowest)) return [];
  return ladder(lowest, raise ? 100 : 1, 1, (threshold) => ({
    change: `with cpuhigh at ${threshold} % instead of ${lowest} %`,
    observation: {
      ...observation,
      alarms: alarms.map((alarm) => (alarm.kind === "cpuhigh" ? { ...alarm, threshold } : alarm)),
    },
  }));
}
