/**
 * R2: what the alarms' present states amount to. A change of state is told once, and may be lost; the state stays to be read.
 *
 * @module
 */
import {
  type Alarm,
  type Recommendation,
  recommendationOf,
  type ScalingRecommendation,
} from "../model/alarm.ts";
import { activityOf, type Observation } from "../model/observation.ts";
import { stopCandidates } from "../model/instance.ts";
import { known, notBooting } from "../checks/checks.ts";

/**
 * The one signal of a resync: of the states that ask for more (R4), else of those that ask for less, the one that has lasted
 * longest. States that ask for nothing by R11 or R5 are passed over, and an instance that may be stopped speaks before one
 * that may not.
 */
export function reconcileRecommendation(facts: Observation): Recommendation {
  const asks = facts.alarms
    .toSorted((a, b) => a.changed - b.changed || byName(a, b))
    .map(persisting)
    .filter((signal): signal is ScalingRecommendation => signal.kind !== "none")
    .filter((ask) => known(ask, facts).passed);
  const out = asks.find(({ kind }) => kind === "out");
  if (out !== undefined) return out;
  const stoppable = new Set(stopCandidates(facts.instances, activityOf(facts)).map(({ id }) => id));
  const ins = asks.filter((ask) => notBooting(ask, facts).passed);
  const own = ins.find(({ instance }) => instance !== undefined && stoppable.has(instance));
  return own ?? ins[0] ??
    { kind: "none", source: "resync", why: `none of ${facts.alarms.length} alarms asks for a step` };
}

function persisting({ fleet, kind, dimension, state, changed }: Alarm): Recommendation {
  return recommendationOf({ fleet, kind, dimension, from: state, to: state, at: changed }, "resync");
}

/** By code unit, as a locale's order differs between machines (R16). */
function byName(a: Alarm, b: Alarm): number {
  const [x, y] = [`${a.kind}:${a.dimension}`, `${b.kind}:${b.dimension}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
