/**
 * Aggregates the CPU of instances to the load of the fleet in periods.
 *
 * @module
 */
import type { LoadPoint } from "../../scaling/model/load/view.ts";

/** How busy an instance was between two scrapes, or in a period of CloudWatch. Times are in ms since the epoch. */
export interface Usage {
  readonly from: number;
  readonly to: number;
  /** The mean over the CPUs, in percent. */
  readonly percent: number;
  /** The busiest CPU, in percent. Absent if it is not known. */
  readonly busiest?: number;
}

/** The instances in service at a time, by their ids, and since when. Times are in ms since the epoch. */
export interface Membership {
  readonly at: number;
  readonly since: ReadonlyMap<string, number>;
}

/** The usages of each instance, by its id, the oldest first. */
export type Usages = ReadonlyMap<string, readonly Usage[]>;

/** Which periods to return: `count` periods of `span` ms, the last of which ends at `end`. */
export interface Periods {
  readonly end: number;
  readonly span: number;
  readonly count: number;
}

/** An instance has a sample of a period if its usages cover at least this share of the period. */
const COVERED = 0.5;

/**
 * Returns the load of periods, the oldest first. Omits a period in which no instance served all the time, or none of those has a sample.
 *
 * Only instances that served the whole period count: a booting instance uses CPU, but serves nobody. An instance without a sample counts
 * as the busiest of the others, so that a missing sample never asks for less. But an instance without a sample that left service within the
 * next period does not count: it may have left already in this period, after the last look.
 *
 * @param memberships the oldest first
 */
export function loadPoints(
  usages: Usages,
  memberships: readonly Membership[],
  { end, span, count }: Periods,
): LoadPoint[] {
  return Array.from({ length: count }, (_, i) => end - (count - i) * span).flatMap((at) =>
    pointOf(usages, memberships, at, span) ?? []
  );
}

function pointOf(
  usages: Usages,
  memberships: readonly Membership[],
  at: number,
  span: number,
): LoadPoint | undefined {
  const members = servedAll(memberships, at, at + span);
  const left = members.filter((id) =>
    meanIn(usages.get(id) ?? [], at, at + span) === undefined && leaves(memberships, id, at + span, span)
  );
  const served = members.filter((id) => !left.includes(id));
  const usagesOf = served.map((id) => usages.get(id) ?? []);
  const known = usagesOf.flatMap((all) => meanIn(all, at, at + span) ?? []);
  if (known.length === 0) return undefined;
  const missing = served.length - known.length;
  const busiest = usagesOf.flatMap((all) => meanIn(busiestOf(all), at, at + span) ?? []);
  return {
    at,
    span,
    percent: meanOf(known, served.length),
    ...(busiest.length === 0 ? {} : { busiest: meanOf(busiest, served.length) }),
    served: served.length,
    serving: servingIn(memberships, at, at + span) - left.length,
    ...(missing === 0 ? {} : { missing }),
  };
}

/** Returns the mean of values. A value that is not known counts as the largest of the known values. */
function meanOf(known: readonly number[], count: number): number {
  const sum = known.reduce((sum, value) => sum + value, 0);
  return (sum + (count - known.length) * Math.max(...known)) / count;
}

/** Returns the usages of the busiest CPU of an instance. */
function busiestOf(usages: readonly Usage[]): Usage[] {
  return usages.flatMap(({ from, to, busiest }) =>
    busiest === undefined ? [] : [{ from, to, percent: busiest }]
  );
}

/** Whether the memberships show that an instance left service within `span` ms after a time. */
function leaves(memberships: readonly Membership[], id: string, after: number, span: number): boolean {
  const next = memberships.find(({ at }) => at > after);
  return next !== undefined && next.at <= after + span && !next.since.has(id);
}

/** Returns the mean usage between two times. Undefined if too little of the time is known. */
export function meanIn(usages: readonly Usage[], begin: number, end: number): number | undefined {
  let [sum, covered] = [0, 0];
  for (const { from, to, percent } of usages) {
    const overlap = Math.min(to, end) - Math.max(from, begin);
    if (overlap <= 0) continue;
    sum += percent * overlap;
    covered += overlap;
  }
  return covered >= COVERED * (end - begin) ? sum / covered : undefined;
}

/** Returns the instances that were in service from `begin` to `end`, as far as the memberships show. */
function servedAll(memberships: readonly Membership[], begin: number, end: number): string[] {
  const during = memberships.filter(({ at }) => at > begin && at <= end);
  const before = memberships.findLast(({ at }) => at <= begin);
  // Without a look during the period, the one before it is the best that kas knows.
  const looks = during.length === 0 && before !== undefined ? [before] : during;
  const [first, ...others] = looks;
  if (first === undefined) return [];
  const all = (id: string) => others.every(({ since }) => (since.get(id) ?? Infinity) <= begin);
  return [...first.since].filter(([id, since]) => since <= begin && all(id)).map(([id]) => id);
}

/** Returns the mean number of instances in service between two times. The number changes at each look. */
function servingIn(memberships: readonly Membership[], begin: number, end: number): number {
  const before = memberships.findLast(({ at }) => at <= begin);
  const during = memberships.filter(({ at }) => at > begin && at < end);
  const first = before ?? during[0] ?? memberships.find(({ at }) => at >= end);
  if (first === undefined) return 0;
  const steps = [
    { at: begin, count: first.since.size },
    ...during.map(({ at, since }) => ({ at, count: since.size })),
  ];
  const sum = steps.reduce((sum, { at, count }, i) => sum + count * ((steps[i + 1]?.at ?? end) - at), 0);
  return sum / (end - begin);
}
