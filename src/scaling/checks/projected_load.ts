/**
 * R6: the check `projected-load`. It passes if the remaining instances can carry the load.
 *
 * @module
 */
import { inService, type Instance } from "../model/instance.ts";
import { lastCapacityChange, settlingTime } from "../model/change.ts";
import { type Observation, recent } from "../model/observation.ts";
import { hasCapacityPolicy, policyOf } from "../model/load/policy.ts";
import { TOLERANCE } from "../policies/target.ts";
import { percent, seconds } from "../words.ts";
import { remainingWithout } from "./bounds.ts";
import { type Check, type CheckResult, hold, type InContext, pass, unread } from "./check.ts";

/** The latest CPU datapoint of each instance. */
type Load = NonNullable<Observation["cpu"]>;

const NO_THRESHOLD = "The load was not projected: the fleet has no cpuhigh alarm.";

const NO_CPU = "The load was not projected: no policy of the fleet depends on the CPU.";

/**
 * The projected CPU must be below this share of the threshold. A load balancer never spreads the load evenly: without a
 * margin an instance would reach the threshold soon after the stop, and kas would start an instance again. In the simulation
 * a constant load of 82 % of one instance caused 17 starts in 3 h without a margin, and none with a margin of 5 %.
 */
const MARGIN = 0.95;

/** R6: passes if the projected CPU of the remaining instances is at least 5 % below their lowest `cpuhigh` threshold. */
export const projectedLoad: Check<InContext> = {
  name: "projected-load",
  condition: "the rest carry the load",
  check: ({ observation, before, selection: { instance } }) =>
    instance === undefined ? undefined : project(instance, observation, before),
};

/**
 * Returns, in a sentence, why the datapoints do not show the load of the present capacity: one began before the last change
 * of capacity. Metrics arrive minutes late. Until new datapoints arrive, the load of an instance that left is missing from
 * the sum, and the other instances do not carry it yet. Returns undefined if the datapoints show the present capacity.
 */
function whyStale(
  carrying: readonly Instance[],
  cpu: Load,
  observation: Observation,
): string | undefined {
  const { limits, now } = observation;
  const changed = lastCapacityChange(observation);
  if (changed === undefined) return undefined;
  const known = carrying.flatMap(({ id }) => {
    const point = cpu[id];
    return point !== undefined && Number.isFinite(point.percent) ? [{ id, began: point.at }] : [];
  });
  const ago = `Capacity changed ${seconds(Math.max(0, now - changed))} ago`;
  const stale = known.filter(({ began }) => began < changed);
  const [first] = stale;
  if (first !== undefined) {
    const more = stale.length === 1 ? "" : ` and of ${stale.length - 1} more`;
    return `${ago}: the CPU of ${first.id}${more} is from before that.`;
  }
  return known.length === 0 && recent(changed, settlingTime(limits), now)
    ? `${ago}: no CPU datapoint has arrived since.`
    : undefined;
}

/**
 * Spreads the CPU of all instances in service, including leaving instances, over the remaining instances. An instance without
 * a datapoint counts as the busiest instance. A datapoint that began before the last change of capacity holds the scale-in
 * back. The check passes if no instance has a datapoint, or if the fleet has no threshold.
 */
function project(target: Instance, observation: Observation, before: Observation): CheckResult {
  const remaining = remainingWithout(target, observation);
  if (remaining.length === 0) return hold("No instance would stay in service to carry the load.");
  const { cpu, limits } = observation;
  const own = utilizationOf(limits);
  if (own === undefined && hasCapacityPolicy(limits) && policyOf(limits, "alarms") === undefined) {
    return pass(NO_CPU);
  }
  const threshold = own ?? lowestCpuHigh(remaining, observation) ??
    lowestCpuHigh(observation.instances, observation);
  if (cpu === undefined) {
    const needed = threshold !== undefined || lastCapacityChange(before) !== undefined;
    return needed
      ? unread("The load was not read, because the decision did not depend on it.")
      : pass(NO_THRESHOLD);
  }
  const carrying = observation.instances.filter(inService);
  const stale = whyStale(carrying, cpu, before);
  if (stale !== undefined) return hold(stale);
  // A datapoint that is not a number counts as missing, because an instance with NaN must not count as idle.
  const loads = carrying.map(({ id }) => cpu[id]?.percent).filter((load) => Number.isFinite(load))
    .map((load = 0) => load);
  if (loads.length === 0) return pass("The load was not projected: no instance has a CPU datapoint.");
  if (threshold === undefined) return pass(NO_THRESHOLD);
  const missing = carrying.length - loads.length;
  const total = loads.reduce((sum, load) => sum + load, 0) + missing * Math.max(...loads);
  const projected = total / remaining.length;
  const guess = missing === 0 ? "" : ` (${missing} without a datapoint counted as the busiest)`;
  const each = remaining.length === 1
    ? "the 1 remaining instance"
    : `each of the ${remaining.length} remaining instances`;
  const limit = own ?? threshold * MARGIN;
  const of = own === undefined
    ? `, 5 % below the cpuhigh threshold of ${percent(threshold)}`
    : ", which the policies of the fleet set";
  const message = `Projected CPU is ${percent(projected)} on ${each}, ${percent(total)} in total${guess}; ` +
    `the limit is ${percent(limit)}${of}.`;
  // The policies round the capacity up, so that the CPU may just reach their utilization.
  return projected < limit || (own !== undefined && projected <= limit + 1e-9)
    ? pass(message)
    : hold(message);
}

/**
 * Returns the CPU that an instance may have by the load policies, in percent: the utilization of the adaptive policy, or the target
 * plus its tolerance. Undefined if the fleet has the policy `alarms`, whose threshold counts then, or neither of the other two.
 */
function utilizationOf(limits: Observation["limits"]): number | undefined {
  if (policyOf(limits, "alarms") !== undefined) return undefined;
  const allowed = [
    ...[policyOf(limits, "target")].flatMap((it) => it === undefined ? [] : [it.target * (1 + TOLERANCE)]),
    ...[policyOf(limits, "adaptive")].flatMap((it) => it?.utilization ?? []),
  ];
  return allowed.length === 0 ? undefined : Math.min(...allowed);
}

function lowestCpuHigh(instances: readonly Instance[], { fleet, alarms }: Observation): number | undefined {
  const ids = new Set(instances.map(({ id }) => id));
  const thresholds = alarms
    .filter((alarm) => alarm.fleet === fleet && alarm.kind === "cpuhigh" && ids.has(alarm.dimension))
    .map(({ threshold }) => threshold)
    .filter(Number.isFinite);
  return thresholds.length === 0 ? undefined : Math.min(...thresholds);
}
