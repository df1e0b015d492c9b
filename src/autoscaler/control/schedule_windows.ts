/**
 * Finds the windows of schedules that a decision depends on, and notices when they change (R19), or when a pause ends.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { isoTime } from "../../cli/format.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { Tuning } from "../assembly_options.ts";
import type { Journal } from "../store/journal.ts";

/**
 * The shortest lead, in ms, and the lead if the journal has no start yet. With a lead that shrinks after the first fast starts, kas
 * would stop the instances that it has just started for a window, and start others a minute later.
 */
const SHORTEST_LEAD = 120_000;

/**
 * The longest lead, in ms. The journal has times of day, so a start during which somebody set the clock forwards seems to have taken long.
 * kas would then start the instances hours too early.
 */
const LONGEST_LEAD = 1_800_000;

/** How much longer than its longest recent start kas allows for the starts before a window, in ms. */
const MARGIN = 30_000;

/** The parts that this module needs. */
export interface ScheduleParts {
  readonly tuning: () => Tuning;
  readonly journal: Journal;
}

/** Returns how long before a window its larger minimum applies, in ms. */
export function leadOf(journal: Journal): number {
  const longest = journal.longestStart() ?? 0;
  return Math.min(LONGEST_LEAD, Math.max(SHORTEST_LEAD, longest + MARGIN));
}

/** Returns the windows that are open at `now`, or begin within the lead. Omits them if the fleet has no schedules. */
export function windowsAt(now: number, { tuning, journal }: ScheduleParts): Pick<Observation, "windows"> {
  const { schedules } = tuning();
  if (schedules === undefined || schedules.list.length === 0) return {};
  return { windows: schedules.windows(now, now + leadOf(journal)) };
}

/** Notices when other windows, pauses or overrides of operators apply than before. */
export class WindowWatch {
  readonly #parts: ScheduleParts;
  #last: { readonly windows: string; readonly operator: string } | undefined;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  /**
   * Returns the kind of the trigger if the windows, pauses or overrides that apply have changed since the last call. Undefined if none
   * has changed.
   */
  changed(now: number): "schedule" | "reconcile" | undefined {
    const { journal } = this.#parts;
    const { windows = [] } = windowsAt(now, this.#parts);
    // Windows that follow each other without a gap are one window, whose end kas does not know exactly.
    const present = {
      windows: JSON.stringify(
        windows.map(({ name, begins, min, max }) => [name, begins <= now, min, max]).sort(),
      ),
      operator: JSON.stringify([journal.operatorPauses.inForce(now), journal.overrides.inForce(now)]),
    };
    const before = this.#last;
    this.#last = present;
    if (before === undefined) return undefined;
    if (before.windows !== present.windows) return "schedule";
    return before.operator === present.operator ? undefined : "reconcile";
  }

  /** Returns after how many ms other windows, pauses or overrides may apply. */
  dueIn(now: number): number {
    const { tuning, journal } = this.#parts;
    const { schedules } = tuning();
    const next = [
      schedules?.nextChange(now, leadOf(journal)),
      ...Object.values(journal.operatorPauses.inForce(now) ?? {}).map(({ until }) => until),
      journal.overrides.inForce(now)?.until,
    ];
    return Math.min(...next.map((at = Infinity) => at - now));
  }
}

/** How far ahead {@linkcode logOverlaps} searches, in ms: a week. A longer search would delay the start of the service. */
const OVERLAP_SPAN = 7 * 86_400_000;

/** Logs which schedules overlap soon, and which bounds apply then. An overlap is valid, but may be a mistake of the operator. */
export function logOverlaps({ schedules }: Pick<Tuning, "schedules">, now: number): void {
  const log = getLogger(["kas", "autoscaler"]);
  for (const { names, at, min, max } of schedules?.overlaps(now, OVERLAP_SPAN) ?? []) {
    const fields = {
      schedules: names.join(" and "),
      from: isoTime(at),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
    };
    if (min === undefined || max === undefined || min <= max) log.info("schedules overlap", fields);
    else log.warn("schedules overlap, and their maximum is below their minimum: the maximum applies", fields);
  }
}
