/**
 * The metrics of instances that formulas use: gauges, and rates of counters.
 *
 * @module
 */
import type { ScrapeSpec } from "../../settings/metrics/spec.ts";
import type { Scrape } from "./scraper.ts";
import { SourceError } from "./sources/source_error.ts";

/** The value of a metric of one instance: the sum over its series. */
interface Value {
  readonly at: number;
  readonly value: number;
}

/** The last two values of a metric of an instance. */
interface Values {
  readonly last: Value;
  readonly before?: Value | undefined;
}

/** The metrics that the last scrapes showed. */
export class ScrapedMetrics {
  /** The values by the id of the instance and the name of the metric. */
  #values: ReadonlyMap<string, ReadonlyMap<string, Values>> = new Map();

  /** Adds the scrapes of a round. Forgets the instances that it does not have. */
  addRound(scrapes: readonly Scrape[]): void {
    this.#values = new Map(scrapes.map(({ id, at, samples, problem }) => {
      const known = this.#values.get(id) ?? new Map<string, Values>();
      const names = [...samples].flatMap(([name, all]): [string, Values][] => {
        const finite = all.filter(({ value }) => Number.isFinite(value));
        if (finite.length === 0) return [];
        const value = finite.reduce((sum, it) => sum + it.value, 0);
        return [[name, { last: { at, value }, before: known.get(name)?.last }]];
      });
      return [id, samples.size === 0 && problem !== undefined ? known : new Map(names)];
    }));
  }

  /**
   * Returns the value of a metric over all instances, and when the oldest part of it was true. An instance without a value counts as the
   * largest of the others, so that a missing sample never asks for less.
   *
   * @param longest how old a value may be, in ms
   * @throws {SourceError} if no instance has a value
   */
  value({ name, aggregate, rate }: ScrapeSpec, now: number, longest: number): { value: number; at: number } {
    if (this.#values.size === 0) throw new SourceError("kas has not scraped the instances yet");
    const known = Array.from(this.#values.values(), (metrics) => metrics.get(name)).flatMap((values) => {
      const value = values && (rate ? rateOf(values) : values.last.value);
      return values === undefined || value === undefined || now - values.last.at > longest
        ? []
        : [{ value, at: values.last.at }];
    });
    if (known.length === 0) throw new SourceError(`no instance has shown ${name}`);
    const largest = Math.max(...known.map(({ value }) => value));
    const sum = known.reduce((sum, { value }) => sum + value, 0) +
      (this.#values.size - known.length) * largest;
    const all = { sum, avg: sum / this.#values.size, max: largest };
    return { value: all[aggregate], at: Math.min(...known.map(({ at }) => at)) };
  }
}

/** Returns the increase of a counter in one second. Undefined if it is not known, or if the counter began again. */
function rateOf({ last, before }: Values): number | undefined {
  if (before === undefined || last.at <= before.at || last.value < before.value) return undefined;
  return (last.value - before.value) * 1_000 / (last.at - before.at);
}
