/**
 * What a reload of the settings changes, and what needs a restart.
 *
 * @module
 */
import { kebab } from "../../cli/command.ts";
import type { FleetFlags } from "./fleets.ts";
import { type Flags, OPTIONS } from "./options.ts";

/** The flags of the settings that an operator can change while the autoscaler runs. */
const TUNABLE: ReadonlySet<string> = new Set(
  [
    "min",
    "max",
    "schedules",
    "policies",
    "metrics",
    "resync",
    "warmup",
    "cooldownOut",
    "cooldownIn",
    "metricDelay",
    "unhealthyAfter",
    "startTimeout",
    "drainTimeout",
    "quarantineFor",
    "scrape",
    "scrapeInterval",
  ],
);

/** Returns the names of the flags whose values differ. `tunable` selects the flags in {@linkcode TUNABLE} or all other flags. */
function differing(before: Flags, after: Flags, { tunable }: { readonly tunable: boolean }): string[] {
  const text = (flags: Flags, name: string) =>
    JSON.stringify(Object.entries(flags).find(([key]) => key === name)?.[1]);
  return Object.keys(OPTIONS).filter((name) =>
    TUNABLE.has(name) === tunable && text(before, name) !== text(after, name)
  ).map(kebab);
}

/** What a reload changed: the names of the flags. */
export interface Reloaded {
  /** The fleet. Absent if the autoscaler has one fleet. */
  readonly fleet?: string;
  readonly changed: readonly string[];
  readonly needsRestart: readonly string[];
}

/**
 * Returns what a reload changed for each fleet. To add or to remove a fleet needs a restart.
 *
 * @param atStart the settings with which the autoscaler started
 * @param before the settings before the reload
 */
export function reloaded(
  atStart: readonly FleetFlags[],
  before: readonly FleetFlags[],
  after: readonly FleetFlags[],
): readonly Reloaded[] {
  const isSeveral = atStart.length > 1;
  const all = atStart.flatMap((first) => {
    const [last, next] = [before, after].map((fleets) => of(fleets, first.fleet));
    if (next === undefined) return [];
    return {
      ...(isSeveral ? { fleet: first.fleet } : {}),
      changed: differing(last ?? first, next, { tunable: true }),
      needsRestart: differing(first, next, { tunable: false }),
    };
  });
  const names = [atStart, after].map((fleets) => fleets.map(({ fleet }) => fleet).toSorted().join(" "));
  if (names[0] === names[1]) return all;
  const name = isSeveral || after.length > 1 ? "fleets" : "fleet";
  return [...all, { changed: [], needsRestart: [name] }];
}

/** Returns new settings, but whether kas may launch and terminate instances is as before: this needs a restart. */
export function withoutGrowth(after: readonly FleetFlags[], atStart: readonly FleetFlags[]): FleetFlags[] {
  return after.map((flags) => {
    const { grow, shrink } = of(atStart, flags.fleet) ?? flags;
    return { ...flags, grow, shrink };
  });
}

function of(fleets: readonly FleetFlags[], name: string): FleetFlags | undefined {
  return fleets.find(({ fleet }) => fleet === name);
}
