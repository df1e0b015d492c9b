/**
 * Delays the datapoints that EC2 and ELB report.
 *
 * @module
 */
import type { Metric } from "./metered.ts";
import type { MetricStore, Sample } from "./metrics.ts";

/** A minute's datapoints. */
interface Batch {
  /** End of the minute, s of the timeline. */
  readonly minute: number;
  /** When the datapoints become visible, s of the timeline. */
  readonly visibleAt: number;
  readonly samples: (readonly [Metric, Sample])[];
}

/** Holds each minute's datapoints until they become visible. */
export class DelayedMetrics {
  readonly #store: MetricStore;
  #batches: readonly Batch[] = [];

  constructor(store: MetricStore) {
    this.#store = store;
  }

  /** Starts the batch of a minute and returns the function that adds a datapoint to it. */
  hold(minute: number, visibleAt: number): (metric: Metric, sample: Sample) => void {
    const samples: (readonly [Metric, Sample])[] = [];
    this.#batches = [...this.#batches, { minute, visibleAt, samples }];
    return (metric, sample) => samples.push([metric, sample]);
  }

  /** Stores the datapoints that are visible at a second of the timeline. Returns the ends of their minutes. */
  release(second: number): readonly number[] {
    const visible = this.#batches.filter(({ visibleAt }) => visibleAt <= second);
    this.#batches = this.#batches.filter((batch) => !visible.includes(batch));
    for (const { samples } of visible) {
      for (const [metric, sample] of samples) this.#store.add(metric, sample);
    }
    return visible.map(({ minute }) => minute);
  }
}
