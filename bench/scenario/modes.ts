/**
 * What the judged policies see, and the peer with which they are compared: EC2 target tracking with five targets.
 *
 * @module
 */
import { targetTracking } from "../../src/scaling/simulate/peers/auto_scaling.ts";
import { play, type Policy } from "../../src/scaling/simulate/play.ts";
import { UNKIND, type World } from "../../src/scaling/simulate/world.ts";
import { compare, type Ratios, type Result } from "./judge.ts";
import type { NamedLoad } from "./loads.ts";

/** AWS in all modes: it behaves the same for all policies. */
const JUDGED: World = { ...UNKIND, boot: [40, 80], metricDelay: 0, evaluationLag: 0 };

/** How a policy observes the load. The peer always observes CloudWatch's one-minute datapoints, which are as late. */
export const MODES = {
  "60 s": JUDGED,
  "10 s": { ...JUDGED, scrapeDelay: 0 },
  "60 s, 60 s late": { ...JUDGED, metricDelay: 60 },
} as const satisfies Record<string, World>;

/** The targets of EC2 target tracking with which policies are compared, in percent. */
const TARGETS = [40, 50, 60, 70, 80];

/** A policy with several values of its knob. */
export type Family = readonly Policy[];

/** EC2 target tracking, which scales in below 70 % of its target. */
export const PEER: Family = TARGETS.map((target) => targetTracking(target));

/** Plays a load against each policy of a family. */
export function playAll(load: NamedLoad, family: Family, world: World): Result[] {
  return family.map((policy) => play(load, policy, { world }));
}

/** Compares a family with EC2 target tracking on a load. */
export function judge(load: NamedLoad, family: Family, world: World): Ratios {
  return compare(playAll(load, family, world), playAll(load, PEER, world));
}
