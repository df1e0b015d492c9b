/**
 * How far capacity may grow on readings from before its last change. Those of saturated instances show that more is needed, and
 * not how much more. Waiting for new ones after each start would take a large fleet most of an hour.
 *
 * @module
 */
import { capacityOf } from "../model/capacity.ts";
import { settlingTime } from "../model/change.ts";
import { inService, type Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { count, percent } from "../words.ts";

/** Mean CPU from which instances count as saturated, in percent. A saturated machine shows a little less than 100 %. */
const SATURATED = 96;

/** How many instances at most are added to those that were saturated. At least one of them is needed, so two at most are not. */
const MOST_ADDED = 3;

/**
 * Why capacity may grow before newer readings arrive, a sentence: up to twice the instances that were saturated. Undefined if it
 * may not.
 */
export function saturationOf(observation: Observation): string | undefined {
  const loads = observation.instances.flatMap((instance) => loadOf(instance, observation));
  const served = loads.length;
  const mean = loads.reduce((sum, load) => sum + load, 0) / served;
  if (served === 0 || mean < SATURATED) return undefined;
  const allowed = served + Math.min(served, MOST_ADDED);
  const capacity = capacityOf(observation);
  if (capacity.inService + capacity.joining >= allowed) return undefined;
  return `CPU is ${percent(mean)} on ${
    count(served, "instance")
  } that served the whole period: capacity may grow to ${allowed}.`;
}

/** The CPU of an instance in a period in which it served from the beginning. */
function loadOf(instance: Instance, { cpu, history, limits }: Observation): number[] {
  const point = cpu?.[instance.id];
  if (point === undefined || !Number.isFinite(point.percent) || !inService(instance)) return [];
  const { id, launched = Infinity } = instance;
  const since = history.inServiceSince[id] ?? launched + settlingTime(limits);
  return point.at >= since ? [point.percent] : [];
}
