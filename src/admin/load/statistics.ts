/**
 * What a stretch of load came to: how many requests, how many failed, how long they took.
 *
 * @module
 */

/** Growth of a bucket's bounds: a percentile is off by half of it at most. */
const GROWTH = 1.01;

/** The first bucket's upper bound, ms. */
const LEAST = 0.01;

/** Latencies in buckets of 1 %, so that a load of any length takes the same small memory. */
export class LatencyHistogram {
  readonly #buckets = new Map<number, number>();
  #count = 0;

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds one, ms. */
  add(ms: number): void {
    const bucket = ms <= LEAST ? 0 : Math.ceil(Math.log(ms / LEAST) / Math.log(GROWTH));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count++;
  }

  /** The latency, ms, that a share of them (0.99) does not exceed, by nearest rank; undefined if there are none. */
  percentile(share: number): number | undefined {
    let rank = Math.ceil(share * this.#count);
    for (const [bucket, count] of [...this.#buckets].toSorted(([a], [b]) => a - b)) {
      rank -= count;
      if (rank <= 0) return LEAST * GROWTH ** (bucket - 0.5);
    }
    return undefined;
  }
}

/** A row of results; one a step. */
export interface LoadRow extends Readonly<Record<string, string | number | undefined>> {
  readonly step: number;
  /** How many clients there were; undefined for a load at a fixed rate. */
  readonly clients: number | undefined;
  /** How many requests were answered or failed. */
  readonly requests: number;
  /** How many of them were not answered 200. */
  readonly errors: number;
  /** Requests a second. */
  readonly rps: string;
  readonly "p50_ms": string | undefined;
  readonly "p99_ms": string | undefined;
}

/** The columns of {@linkcode LoadRow}, in order. */
export const LOAD_COLUMNS = ["step", "clients", "requests", "errors", "rps", "p50_ms", "p99_ms"] as const;

/** Counts the requests of one step. */
export class RequestStatistics {
  readonly #latencies = new LatencyHistogram();
  readonly #begin: number;
  readonly #now: () => number;
  #errors = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#begin = now();
  }

  get requests(): number {
    return this.#latencies.count;
  }

  get errors(): number {
    return this.#errors;
  }

  /** Counts a request that took so many ms. */
  add(ms: number, ok: boolean): void {
    this.#latencies.add(ms);
    if (!ok) this.#errors++;
  }

  /** What it has come to by now. */
  row(step: number, clients: number | undefined): LoadRow {
    const seconds = (this.#now() - this.#begin) / 1_000;
    return {
      step,
      clients,
      requests: this.requests,
      errors: this.errors,
      rps: (seconds > 0 ? this.requests / seconds : 0).toFixed(2),
      "p50_ms": this.#latencies.percentile(0.5)?.toFixed(1),
      "p99_ms": this.#latencies.percentile(0.99)?.toFixed(1),
    };
  }
}
