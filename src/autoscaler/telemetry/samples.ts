/**
 * What the scrapes of the last minutes showed, in memory.
 *
 * @module
 */
import type { Datapoint } from "../../scaling/model/load/metric.ts";
import { endOf, type LoadPoint } from "../../scaling/model/load/view.ts";
import type { Exporter } from "./cpu.ts";
import { loadPoints, meanIn, type Membership, type Usage } from "./periods.ts";
import type { Scrape } from "./scraper.ts";

/** How many intervals a period has. With the default interval of 5 s, a short period has 10 s, and a long one 60 s. */
export const INTERVALS = { short: 2, long: 12 } as const;

/** How many short periods a view has. */
const SHORT_COUNT = 12;

/** The longest time between two scrapes of an instance that says something about the load in between, in intervals. */
const LONGEST_GAP = 12;

/** How long kas remembers which instances were in service, in ms. */
const KEPT = 7_200_000;

/** An observation takes at most this long, in ms. A look that is older than the last one by more shows that the clock was set back. */
const LATE = 300_000;

/** The last scrape of an instance, and the last that succeeded. Times are in ms since the epoch. */
export interface LastScrape {
  readonly at: number;
  /** When the instance last answered with its CPU. Absent if it never has. */
  readonly answered?: number;
  /** What then answered. */
  readonly exporter?: Exporter;
  /** Why the last scrape failed. Absent if it succeeded. */
  readonly problem?: string;
}

/** The samples of the last minutes. */
export class Samples {
  readonly #usages = new Map<string, Usage[]>();
  #memberships: Membership[] = [];
  readonly #last = new Map<string, LastScrape>();
  #end: number | undefined;

  /** When the last round of scrapes ended, in ms since the epoch. Undefined before the first round. */
  get end(): number | undefined {
    return this.#end;
  }

  /** The last scrape of each instance, by its id. */
  get last(): ReadonlyMap<string, LastScrape> {
    return this.#last;
  }

  /** Adds the scrapes of a round that ended at `end`. Forgets what is older than `keep` ms. */
  addRound(scrapes: readonly Scrape[], end: number, interval: number, keep: number): void {
    // Somebody has set the clock back: the times of the samples mean nothing any more.
    if (end < (this.#end ?? end)) {
      this.#usages.clear();
      this.#memberships = this.#memberships.filter(({ at }) => at <= end);
    }
    this.#end = end;
    const ids = new Set(scrapes.map(({ id }) => id));
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
    for (const scrape of scrapes) {
      const { id, at, before, cpu } = scrape;
      this.#last.set(id, lastScrape(scrape, this.#last.get(id)));
      if (cpu === undefined || before === undefined || before >= at || at - before > LONGEST_GAP * interval) {
        continue;
      }
      const usages = this.#usages.get(id) ?? [];
      usages.push({ from: before, to: at, percent: cpu.mean, busiest: cpu.busiest });
      this.#usages.set(id, usages);
    }
    for (const [id, usages] of this.#usages) {
      const recent = usages.filter(({ to }) => to > end - keep);
      if (recent.length === 0) this.#usages.delete(id);
      else this.#usages.set(id, recent);
    }
    const old = this.#memberships.findLastIndex(({ at }) => at <= end - keep);
    if (old > 0) this.#memberships = this.#memberships.slice(old);
  }

  /** Adds which instances an observation showed in service. Keeps only changes: a busy autoscaler observes many times a second. */
  addMembership(membership: Membership): void {
    const { at, since } = membership;
    const last = this.#memberships.at(-1);
    if (last !== undefined && at < last.at) {
      // The observation began before kas deregistered an instance. The next one shows both.
      if (last.at - at <= LATE) return;
      this.#memberships = [];
    } else if (last !== undefined && isSame(last.since, since)) return;
    // Without scrapes, no round forgets the old ones. The last of them still says who was in service after it.
    const old = this.#memberships.findLastIndex((it) => it.at <= at - KEPT);
    if (old > 0) this.#memberships = this.#memberships.slice(old);
    this.#memberships.push(membership);
  }

  /** Notes that an instance has left service since the last observation. */
  noteLeft(id: string, at: number): void {
    const since = new Map(this.#memberships.at(-1)?.since);
    if (since.delete(id)) this.addMembership({ at, since });
  }

  /** Returns the short periods of the last two minutes, the oldest first. With longer intervals they cover a longer time. */
  short(interval: number): LoadPoint[] {
    return this.#points(INTERVALS.short * interval, SHORT_COUNT);
  }

  /** Returns the long periods that cover at least `span` ms, the oldest first. */
  long(interval: number, span: number): LoadPoint[] {
    const each = INTERVALS.long * interval;
    return this.#points(each, Math.ceil(span / each) + 1);
  }

  /** Returns the load from `begin` to `end`. Undefined if it is not known. */
  between(begin: number, end: number): LoadPoint | undefined {
    return loadPoints(this.#usages, this.#memberships, { end, span: end - begin, count: 1 })[0];
  }

  /** Returns the CPU of instances in the last long period, by their ids. */
  cpu(interval: number): Record<string, Datapoint> {
    const end = this.#end;
    if (end === undefined) return {};
    const at = end - INTERVALS.long * interval;
    return Object.fromEntries(
      Array.from(this.#usages).flatMap(([id, usages]): [string, Datapoint][] => {
        const percent = meanIn(usages, at, end);
        return percent === undefined ? [] : [[id, { percent, at }]];
      }),
    );
  }

  #points(span: number, count: number): LoadPoint[] {
    const end = this.#end;
    return end === undefined ? [] : loadPoints(this.#usages, this.#memberships, { end, span, count });
  }
}

function lastScrape({ at, exporter, problem }: Scrape, before: LastScrape | undefined): LastScrape {
  if (problem === undefined) return { at, answered: at, ...(exporter === undefined ? {} : { exporter }) };
  return { ...before, at, problem };
}

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([id, at]) => b.get(id) === at);
}

/** Whether the newest of points ended less than `span` ms ago. */
export function isFresh(points: readonly LoadPoint[], span: number, now: number): boolean {
  const newest = points.at(-1);
  return newest !== undefined && now - endOf(newest) < span;
}
