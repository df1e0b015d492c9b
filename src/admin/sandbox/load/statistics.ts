/**
 * Statistics of a load: requests, errors and latencies.
 *
 * @module
 */

/** Ratio of a bucket's upper bound to its lower bound. The error of a percentile is at most half a bucket. */
const BUCKET_GROWTH = 1.01;

/** Upper bound of the first bucket, in ms. */
const FIRST_BOUND = 0.01;

/** Counts latencies in buckets, so that the use of memory does not depend on the number of requests. */
export class LatencyHistogram {
  readonly #buckets = new Map<number, number>();
  #count = 0;

  /** Number of added latencies. */
  get count(): number {
    return this.#count;
  }

  /** Adds a latency in ms. */
  add(ms: number): void {
    const bucket = ms <= FIRST_BOUND ? 0 : Math.ceil(Math.log(ms / FIRST_BOUND) / Math.log(BUCKET_GROWTH));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count++;
  }

  /**
   * Returns the latency at a percentile by the nearest-rank method, in ms, or undefined if there are no latencies.
   *
   * @param share the percentile as a fraction, such as 0.99
   */
  percentile(share: number): number | undefined {
    let rank = Math.ceil(share * this.#count);
    for (const [bucket, count] of [...this.#buckets].toSorted(([a], [b]) => a - b)) {
      rank -= count;
      if (rank <= 0) return FIRST_BOUND * BUCKET_GROWTH ** (bucket - 0.5);
    }
    return undefined;
  }
}

/** The result of one step. */
export interface LoadRow extends Readonly<Record<string, string | number | undefined>> {
  readonly step: number;
  /** Number of clients. Undefined if the requests are sent at a fixed rate. */
  readonly clients: number | undefined;
  /** Number of requests that ended with a response or with an error. */
  readonly requests: number;
  /** Number of requests without a response of status 200. */
  readonly errors: number;
  /** Number of requests per second. */
  readonly rps: string;
  readonly "p50_ms": string | undefined;
  readonly "p99_ms": string | undefined;
}

/** The columns of {@linkcode LoadRow}, in order. */
export const LOAD_COLUMNS = ["step", "clients", "requests", "errors", "rps", "p50_ms", "p99_ms"] as const;

/** Counts the requests of one step. */
export class RequestStatistics {
  readonly #latencies = new LatencyHistogram();
  readonly #start: number;
  readonly #now: () => number;
  #errors = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  get requests(): number {
    return this.#latencies.count;
  }

  get errors(): number {
    return this.#errors;
  }

  /** Counts a request. `ok` is whether the response had status 200. */
  add(ms: number, ok: boolean): void {
    this.#latencies.add(ms);
    if (!ok) this.#errors++;
  }

  /** Returns the result of the requests so far. */
  row(step: number, clients: number | undefined): LoadRow {
    const seconds = (this.#now() - this.#start) / 1_000;
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
