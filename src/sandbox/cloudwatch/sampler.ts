/**
 * Samples the metrics that EC2 and ELB report to CloudWatch: one datapoint per minute, or one per five minutes for an
 * instance with basic monitoring.
 *
 * CPUUtilization is the CPU time of the instance's simulated machine as a share of its vCPUs, over the time that the machine
 * ran in that minute. The sampler reports no datapoint for a minute in which the machine ran for less than half of the time,
 * because a few seconds of booting do not represent a minute. A stopped instance has no datapoints, as with EC2. A T instance also has
 * the metric CPUCreditBalance, each five minutes.
 *
 * @module
 */
import { type Sample, statisticsOfValue } from "./metrics.ts";
import type { Clock } from "../clock.ts";
import type { Machine } from "../machines/machine.ts";
import type { MeteredResources, Metric, RequestCount } from "./metered.ts";

/** Period of a datapoint in seconds of sandbox time. */
export const MINUTE = 60;

/** Period of basic monitoring in seconds of sandbox time. Source: EC2 user guide, using-cloudwatch-new. */
const FIVE_MINUTES = 300;

/** Callback that receives each datapoint. */
type Report = (metric: Metric, sample: Sample) => void;

interface Meter {
  /**
   * The simulated machine at the last reading of its meter; undefined before the first reading. Each start of an instance
   * creates a new machine, whose CPU counter begins at zero.
   */
  machine: Machine | undefined;
  cpuSeconds: number;
  /** Time of the last reading of the meter, in ms of real time. */
  readAt: number;
  /** CPU seconds that the machine used in the current period. */
  used: number;
  /** How long the machine ran in the current period, as the readings show, in ms of real time. */
  seen: number;
}

/** Reads the meters of simulated machines and load balancers, and reports datapoints. */
export class Sampler {
  readonly #clock: Clock;
  readonly #metered: MeteredResources;
  readonly #meters = new Map<string, Meter>();
  #requests: ReadonlyMap<string, RequestCount>;
  /** End of the last reported minute, in seconds of the CloudWatch timeline. */
  #reported = 0;

  constructor(clock: Clock, metered: MeteredResources) {
    this.#clock = clock;
    this.#metered = metered;
    this.#requests = metered.requests();
    this.readMeters();
  }

  /** Reads the CPU meters of all machines. Frequent readings measure the first and last seconds of a machine more exactly. */
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
   * Reports the datapoints of the minute that ends at a second of the CloudWatch timeline. Call this function right after {@linkcode
   * Sampler.readMeters}. If more than a minute has passed since the last report, the datapoint covers the whole time.
   */
  reportMinute(end: number, report: Report): void {
    const half = (MINUTE * 1_000) / this.#clock.speed / 2;
    const sample = { second: end - MINUTE, width: 60 } as const;
    for (const [id, meter] of this.#meters) {
      const period = this.#metered.reportsEachMinute(id) ? MINUTE : FIVE_MINUTES;
      const periodEnd = Math.floor(end / period) * period;
      if (periodEnd <= this.#reported) continue;
      if (meter.seen >= half) {
        const { limit = 100 } = this.#metered.credits(id) ?? {};
        const percent = Math.min(limit, (100 * meter.used) / (meter.seen / 1_000) / this.#metered.vcpus(id));
        const second = periodEnd - period;
        report(ofInstance("CPUUtilization", id), {
          ...sample,
          second,
          unit: "Percent",
          statistics: statisticsOfValue(percent),
        });
      }
      if (meter.machine === undefined) this.#meters.delete(id);
      meter.used = meter.seen = 0;
    }
    this.#reportCredits(end, report);
    const requests = this.#metered.requests();
    for (const [pool, { total, metrics }] of requests) {
      const count = total - (this.#requests.get(pool)?.total ?? 0);
      if (count <= 0) continue;
      // Each request counts as a value of 1, so that only Sum and SampleCount are meaningful. Source: ELB guide, metrics.
      const statistics = statisticsOfValue(1, count);
      for (const metric of metrics) report(metric, { ...sample, unit: "Count", statistics });
    }
    this.#requests = requests;
    this.#reported = end;
  }

  /** Reports the CPU credit balance of the running T instances each five minutes. */
  #reportCredits(end: number, report: Report): void {
    const periodEnd = Math.floor(end / FIVE_MINUTES) * FIVE_MINUTES;
    if (periodEnd <= this.#reported) return;
    const second = periodEnd - FIVE_MINUTES;
    for (const id of this.#metered.machines().keys()) {
      const credits = this.#metered.credits(id);
      if (credits === undefined) continue;
      const statistics = statisticsOfValue(credits.balance);
      report(ofInstance("CPUCreditBalance", id), { second, width: 60, unit: "Count", statistics });
    }
  }
}

/** Returns a metric of an instance. */
function ofInstance(MetricName: string, id: string): Metric {
  return { Namespace: "AWS/EC2", MetricName, Dimensions: [{ Name: "InstanceId", Value: id }] };
}
