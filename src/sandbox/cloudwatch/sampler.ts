/**
 * The metrics that EC2 and ELB report to CloudWatch: one datapoint per minute, or each
 * five minutes for an instance with basic monitoring.
 *
 * CPUUtilization is the CPU time of an instance's machine as a share of one vCPU, over the time that the machine ran in
 * that minute. A minute in which the machine ran for less than half of the time has no datapoint: a few seconds of
 * booting do not represent the minute. As with EC2's detailed monitoring, a stopped instance has no datapoints.
 *
 * @module
 */
import { type Sample, statisticsOfValue } from "./metrics.ts";
import type { Clock } from "../clock.ts";
import type { Machine } from "../machines/machine.ts";
import type { MeteredResources, Metric, RequestCount } from "./metered.ts";

/** The period of a datapoint, s of sandbox time. */
export const MINUTE = 60;

/** The period of basic monitoring, s of sandbox time. Source: EC2 user guide, using-cloudwatch-new. */
const FIVE_MINUTES = 300;

/** Takes a datapoint. */
type Report = (metric: Metric, sample: Sample) => void;

interface Meter {
  /**
   * The machine at the last reading; undefined if there was none. Each start of an instance creates a new machine,
   * whose counter begins at zero.
   */
  machine: Machine | undefined;
  cpuSeconds: number;
  /** Time of the last reading, real ms. */
  readAt: number;
  /** CPU seconds used in this period. */
  used: number;
  /** How long the machine was seen to run in this period, real ms. */
  seen: number;
}

/** Reads the meters of machines and load balancers, and reports their datapoints. */
export class Sampler {
  readonly #clock: Clock;
  readonly #metered: MeteredResources;
  readonly #meters = new Map<string, Meter>();
  #requests: ReadonlyMap<string, RequestCount>;
  /** End of the last minute, s of the timeline. */
  #reported = 0;

  constructor(clock: Clock, metered: MeteredResources) {
    this.#clock = clock;
    this.#metered = metered;
    this.#requests = metered.requests();
    this.readMeters();
  }

  /** Reads the meters. Frequent readings miss less of a machine's first and last moments. */
  readMeters(): void {
    const now = this.#clock.now();
    const machines = this.#metered.machines();
    for (const [id, meter] of this.#meters) {
      if (!machines.has(id)) meter.machine = undefined;
    }
    for (const [id, machine] of machines) {
      const meter = this.#meters.get(id) ??
        { machine: undefined, cpuSeconds: 0, readAt: now, used: 0, seen: 0 };
      this.#meters.set(id, meter);
      const cpuSeconds = machine.cpuSeconds();
      if (meter.machine === machine) {
        meter.used += cpuSeconds - meter.cpuSeconds;
        meter.seen += now - meter.readAt;
      }
      Object.assign(meter, { machine, cpuSeconds, readAt: now });
    }
  }

  /**
   * Reports the datapoints of the minute that ends at a second of the timeline. Call it right after {@linkcode
   * Sampler.readMeters}. If more than a minute has passed, the datapoint covers all of it.
   */
  reportMinute(end: number, report: Report): void {
    const half = (MINUTE * 1_000) / this.#clock.speed / 2;
    const sample = { second: end - MINUTE, width: 60 } as const;
    for (const [id, meter] of this.#meters) {
      const period = this.#metered.reportsEachMinute(id) ? MINUTE : FIVE_MINUTES;
      const periodEnd = Math.floor(end / period) * period;
      if (periodEnd <= this.#reported) continue;
      if (meter.seen >= half) {
        const percent = Math.min(100, (100 * meter.used) / (meter.seen / 1_000));
        const metric = {
          Namespace: "AWS/EC2",
          MetricName: "CPUUtilization",
          Dimensions: [{ Name: "InstanceId", Value: id }],
        };
        const second = periodEnd - period;
        report(metric, { ...sample, second, unit: "Percent", statistics: statisticsOfValue(percent) });
      }
      if (meter.machine === undefined) this.#meters.delete(id);
      meter.used = meter.seen = 0;
    }
    const requests = this.#metered.requests();
    for (const [pool, { total, metrics }] of requests) {
      const count = total - (this.#requests.get(pool)?.total ?? 0);
      if (count <= 0) continue;
      // Each request is a value of 1, so that only Sum and SampleCount are meaningful. Source: ELB guide, metrics.
      const statistics = statisticsOfValue(1, count);
      for (const metric of metrics) report(metric, { ...sample, unit: "Count", statistics });
    }
    this.#requests = requests;
    this.#reported = end;
  }
}
