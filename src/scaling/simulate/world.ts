/**
 * How AWS behaves in a simulation: for example how late metrics are, and how long instances boot.
 *
 * @module
 */

/** How AWS behaves. Durations are in seconds. */
export interface World {
  /** The time from the end of a period until CloudWatch returns its datapoints. */
  readonly metricDelay: number;
  /**
   * The time from the end of a period until the autoscaler has scraped its datapoints. Absent: the autoscaler scrapes nothing, and
   * reads all load from CloudWatch.
   */
  readonly scrapeDelay?: number;
  /** The time from the metric delay on until CloudWatch evaluates the alarms on these datapoints. */
  readonly evaluationLag: number;
  /** The period of the datapoints: 60 with detailed monitoring, 300 with basic monitoring. */
  readonly period: 60 | 300;
  /** The CPU of a booting instance, in percent. */
  readonly bootCpu: number;
  /**
   * The time from StartInstances until the worker answers. The simulation chooses a random time between the two for each
   * start.
   */
  readonly boot: readonly [least: number, most: number];
  /** The time from the registration until InService: two health checks at an interval of 10 s, as `kas admin setup` sets. */
  readonly register: number;
  /** The time from the deregistration until no request is in flight. */
  readonly drain: number;
  /** The time from StopInstances until the state is `stopped`. */
  readonly stop: number;
  /** By how much the load of an instance may be above or below its fair share in a period, as a share: 0.05 is 5 %. */
  readonly uneven: number;
  /** The seed of all random numbers. */
  readonly seed: number;
}

/**
 * AWS as it behaves in practice: one-minute metrics are 1 to 3 minutes late, and booting uses the whole CPU. Simulations use it by
 * default.
 */
export const UNKIND: World = {
  metricDelay: 90,
  evaluationLag: 10,
  period: 60,
  bootCpu: 100,
  boot: [30, 60],
  register: 20,
  drain: 30,
  stop: 30,
  uneven: 0.05,
  seed: 1,
};

/** AWS without delays, for tests that do not depend on delays: metrics arrive at once, and booting uses no CPU. */
export const KIND: World = { ...UNKIND, metricDelay: 0, evaluationLag: 0, bootCpu: 0 };
