/**
 * The load of the last minutes, as an observation of a simulated fleet shows it.
 *
 * @module
 */
import type { LoadPoint, LoadView } from "../../model/load/view.ts";
import type { Arrived } from "../fleet.ts";

/** How far back the short periods go, in ms. */
const SHORT = 120_000;

/** The load of the last minutes. */
export class LoadWindow {
  readonly #isScraped: boolean;
  /** How far back the long periods go, in ms. */
  readonly #span: number;
  #short: readonly LoadPoint[] = [];
  /** The long periods. With scrapes, they overlap: one ends every 10 s. */
  #long: readonly LoadPoint[] = [];

  /**
   * @param isScraped whether the load comes from scrapes
   * @param span the time that the long periods have to cover, in ms
   */
  constructor(isScraped: boolean, span: number) {
    this.#isScraped = isScraped;
    this.#span = span;
  }

  /** Notes datapoints. Returns the newest period, if there is a new one. */
  note(arrived: Arrived | undefined): LoadPoint | undefined {
    const long = (this.#isScraped ? arrived?.long : arrived?.cloudwatch)?.load;
    if (long !== undefined) this.#long = since(long.at - this.#span, this.#long, long);
    if (!this.#isScraped) return long;
    const short = arrived?.short?.load;
    if (short !== undefined) this.#short = since(short.at + short.span - SHORT, this.#short, short);
    return short;
  }

  /** Returns the load. */
  view(): LoadView {
    if (!this.#isScraped) return { source: "cloudwatch", short: this.#long, long: this.#long };
    const end = this.#long.at(-1)?.at ?? 0;
    return {
      source: "scrape",
      short: this.#short,
      long: this.#long.filter(({ at, span }) => (end - at) % span === 0),
    };
  }
}

/** Returns the points that began at a time or later, and a new one. */
function since(begin: number, points: readonly LoadPoint[], point: LoadPoint): LoadPoint[] {
  return [...points.filter(({ at }) => at >= begin), point];
}
