/**
 * How far capacity may grow before datapoints from after its last change arrive. Datapoints of saturated instances show that
 * the fleet needs more capacity, but not how much more. If kas waited for newer datapoints after each start, a large fleet
 * would take most of an hour to grow.
 *
 * @module
 */
import { capacityOf } from "../model/capacity.ts";
import { settlingTime } from "../model/change.ts";
import { inService, type Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import { count, percent } from "../words.ts";

/** The lowest mean CPU of saturated instances, in percent. A saturated instance shows a little less than 100 %. */
const SATURATED = 96;

/**
 * The largest number of instances that kas adds to the saturated instances before newer datapoints arrive. At least one added
 * instance is needed, so at most two are too many.
 */
const MOST_ADDED = 3;

/**
 * Returns, in a sentence, why capacity may grow before newer datapoints arrive. It may grow to twice the number of saturated
 * instances, but at most by {@linkcode MOST_ADDED}. Returns undefined if it may not grow.
 */
export function saturationOf(observation: Observation): string | undefined {
  const loads = observation.instances.flatMap((instance) => loadOf(instance, observation));
  const served = loads.length;
  const mean = loads.reduce((sum, load) => sum + load, 0) / served;
  if (served === 0 || mean < SATURATED) return undefined;
  const allowed = served + Math.min(served, MOST_ADDED);
  if (capacityOf(observation).current >= allowed) return undefined;
  return `CPU is ${percent(mean)} on ${
    count(served, "instance")
  } that served the whole period: capacity may grow to ${allowed}.`;
}

/** Returns the CPU of an instance, if the instance was in service for the whole period of its datapoint. */
function loadOf(instance: Instance, { cpu, history, limits }: Observation): number[] {
  const point = cpu?.[instance.id];
  if (point === undefined || !Number.isFinite(point.percent) || !inService(instance)) return [];
  const { id, launched = Infinity } = instance;
  const since = history.inServiceSince[id] ?? launched + settlingTime(limits);
  return point.at >= since ? [point.percent] : [];
}
