/**
 * How AWS behaves in a simulation: how late its metrics are, and how instances boot.
 *
 * @module
 */

/** How AWS behaves. Durations are in seconds. */
export interface World {
  /** From the end of a period until its datapoints can be read. */
  readonly metricDelay: number;
  /** From then until CloudWatch evaluates the alarms. */
  readonly evaluationLag: number;
  /** The period of the datapoints: 60 with detailed monitoring, 300 with basic monitoring. */
  readonly period: 60 | 300;
  /** CPU of a booting instance, in percent. */
  readonly bootCpu: number;
  /** From StartInstances until the worker answers: a random number between these two for each start. */
  readonly boot: readonly [least: number, most: number];
  /** From the registration until InService: two health checks 10 s apart, as `kas admin setup` configures them. */
  readonly register: number;
  /** From the deregistration until no request is in flight. */
  readonly drain: number;
  /** From StopInstances until stopped. */
  readonly stop: number;
  /** How far the CPU of an instance differs from its fair share of the load, up or down, within a period. */
  readonly uneven: number;
  /** The seed of everything random. */
  readonly seed: number;
}

/**
 * As AWS behaves: one-minute metrics are 1 to 3 minutes late, and booting takes all of the CPU. Every simulation that does not
 * say otherwise runs in it.
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

/** A world without surprises, for simulations of something else: metrics come at once, and booting takes no CPU. */
export const KIND: World = { ...UNKIND, metricDelay: 0, evaluationLag: 0, bootCpu: 0 };
