/**
 * What the judged policies see, and the peer with which they are compared: EC2 target tracking with five targets.
 *
 * @module
 */
import { targetTracking } from "../../src/scaling/simulate/peers/auto_scaling.ts";
import { DEFAULT_STABILIZATION } from "../../src/scaling/model/load/policy.ts";
import { play, type Played, type Policy } from "../../src/scaling/simulate/play.ts";
import { UNKIND, type World } from "../../src/scaling/simulate/world.ts";
import { compare, geometricMean, type Ratios } from "./judge.ts";
import { kas } from "./kas.ts";
import type { NamedLoad } from "./loads.ts";

/** AWS in all modes: it behaves the same for all policies. */
const JUDGED: World = { ...UNKIND, boot: [40, 80], metricDelay: 0 };

/** How a policy observes the load. The peer always observes CloudWatch's one-minute datapoints, which are as late. */
export const MODES = {
  "60 s": JUDGED,
  "10 s": { ...JUDGED, scrapeDelay: 0 },
  "60 s, 60 s late": { ...JUDGED, metricDelay: 60 },
} as const satisfies Record<string, World>;

/** The targets of kas and of EC2 target tracking, in percent. */
const TARGETS = [40, 50, 60, 70, 80];

/** kas has more targets than EC2: its curve is bent between them, and a chord would lie above the curve. */
const OWN_TARGETS = [40, 45, 50, 55, 60, 65, 70, 75, 80];

/**
 * The risks of the adaptive policy: the shares of time in which the capacity may be short. EC2 keeps the whole fleet in service on some
 * loads, and only the least risks buy as much. Between two risks that are far apart, a chord would lie above the bent curve.
 */
export const RISKS = [
  ...[0.0003, 0.001, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02],
  ...[0.03, 0.045, 0.06, 0.09, 0.12, 0.2, 0.3],
];

/** A policy with several values of its knob. */
export type Family = readonly Policy[];

/** The policies of kas that are judged. */
export const FAMILIES = {
  adaptive: RISKS.map((risk) =>
    kas({ policies: [{ type: "adaptive", metric: "cpu", utilization: 80, risk }] })
  ),
  target: OWN_TARGETS.map((target) =>
    kas({ policies: [{ type: "target", metric: "cpu", target, stabilization: DEFAULT_STABILIZATION }] })
  ),
} as const satisfies Record<string, Family>;

/** EC2 target tracking, which scales in below 70 % of its target. */
export const PEER: Family = TARGETS.map((target) => targetTracking(target));

/** Plays a load against each policy of a family. All start with one instance. */
export function playAll(load: NamedLoad, family: Family, world: World): Played[] {
  return family.map((policy) => play(load, policy, { world }));
}

/** A load, and how a family compares with EC2 target tracking on it. */
export interface Judged {
  readonly load: string;
  readonly ratios: Ratios;
}

/** Compares each family with EC2 target tracking on each load. */
export function judgeAll(
  loads: readonly NamedLoad[],
  world: World,
): ReadonlyMap<keyof typeof FAMILIES, readonly Judged[]> {
  const judged: Record<keyof typeof FAMILIES, Judged[]> = { adaptive: [], target: [] };
  for (const load of loads) {
    const peer = playAll(load, PEER, world);
    for (const name of ["adaptive", "target"] as const) {
      judged[name].push({ load: load.name, ratios: compare(playAll(load, FAMILIES[name], world), peer) });
    }
  }
  return new Map(Object.entries(judged) as [keyof typeof FAMILIES, Judged[]][]);
}

/** Returns the geometric means of ratios. */
export function meanOf(judged: readonly Judged[]): Ratios {
  const mean = (key: keyof Ratios) =>
    geometricMean(judged.map(({ ratios }) => ratios[key]).filter((ratio) => !Number.isNaN(ratio)));
  return { under: mean("under"), over: mean("over"), starts: mean("starts") };
}
