/**
 * Delays the visibility of the datapoints that EC2 and ELB report to CloudWatch.
 *
 * @module
 */
import type { Metric } from "./metered.ts";
import type { MetricStore, Sample } from "./metrics.ts";

/** The datapoints of one minute. */
interface Batch {
  /** End of the minute, in seconds of the CloudWatch timeline. */
  readonly minute: number;
  /** Time at which the datapoints become visible, in seconds of the CloudWatch timeline. */
  readonly visibleAt: number;
  readonly samples: (readonly [Metric, Sample])[];
}

/** Keeps the datapoints of each minute until they become visible. */
export class DelayedMetrics {
  readonly #store: MetricStore;
  #batches: readonly Batch[] = [];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  /** Starts the batch of datapoints of a minute. Returns a function that adds a datapoint to the batch. */
  hold(minute: number, visibleAt: number): (metric: Metric, sample: Sample) => void {
    const samples: (readonly [Metric, Sample])[] = [];
    this.#batches = [...this.#batches, { minute, visibleAt, samples }];
    return (metric, sample) => samples.push([metric, sample]);
  }

  /** Stores the datapoints that are visible at a second of the CloudWatch timeline. Returns the end of each minute whose datapoints were stored. */
  release(second: number): readonly number[] {
    const visible = this.#batches.filter(({ visibleAt }) => visibleAt <= second);
    this.#batches = this.#batches.filter((batch) => !visible.includes(batch));
    for (const { samples } of visible) {
      for (const [metric, sample] of samples) this.#store.add(metric, sample);
    }
    return visible.map(({ minute }) => minute);
  }
}
