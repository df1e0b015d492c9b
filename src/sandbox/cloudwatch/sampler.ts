/**
 * What EC2 and ELB report to CloudWatch, a datapoint a minute.
 *
 * A datapoint of CPUUtilization is the CPU time that the instance's machine used, as a share of one vCPU of the time that it
 * was seen to run in that minute. A machine that ran for part of the minute only, for it was started or stopped within it, has one
 * if that part was half of it at least: a few seconds of booting are not what the minute was like, and half a minute of
 * full load must not go unreported. As EC2 does with detailed monitoring, nothing is reported of an instance that does not run.
 *
 * @module
 */
import { type MetricStore, statisticsOfValue } from "./metrics.ts";
import type { Clock } from "../clock.ts";
import type { Machine } from "../machines/machine.ts";
import type { MeteredResources, RequestCount } from "./metered.ts";

/** Seconds of sandbox time that a datapoint covers. */
export const MINUTE = 60;

interface Meter {
  /** The machine at the last look; undefined if there was none. Each start of an instance has a new one, counting from zero. */
  machine: Machine | undefined;
  cpuSeconds: number;
  /** When it was looked at, real ms. */
  readAt: number;
  /** CPU seconds used in this minute. */
  used: number;
  /** Real ms of this minute that it was seen to run. */
  seen: number;
}

/** Follows machines and balancers, and puts their datapoints into the store. */
export class Sampler {
  readonly #clock: Clock;
  readonly #metered: MeteredResources;
  readonly #store: MetricStore;
  readonly #meters = new Map<string, Meter>();
  #requests: ReadonlyMap<string, RequestCount>;

  constructor(clock: Clock, metered: MeteredResources, store: MetricStore) {
    this.#clock = clock;
    this.#metered = metered;
    this.#store = store;
    this.#requests = metered.requests();
    this.readMeters();
  }

  /** Reads the meters. The more often, the less of a machine's first and last moments goes unseen. */
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

  /** Ends the minute that ends at a second of the timeline, right after a look. Where several have passed unseen, they are one. */
  reportMinute(end: number): void {
    const half = (MINUTE * 1_000) / this.#clock.speed / 2;
    const sample = { second: end - MINUTE, width: 60 } as const;
    for (const [id, meter] of this.#meters) {
      if (meter.seen >= half) {
        const percent = Math.min(100, (100 * meter.used) / (meter.seen / 1_000));
        const metric = {
          Namespace: "AWS/EC2",
          MetricName: "CPUUtilization",
          Dimensions: [{ Name: "InstanceId", Value: id }],
        };
        this.#store.add(metric, { ...sample, unit: "Percent", statistics: statisticsOfValue(percent) });
      }
      if (meter.machine === undefined) this.#meters.delete(id);
      meter.used = meter.seen = 0;
    }
    const requests = this.#metered.requests();
    for (const [pool, { total, metrics }] of requests) {
      const count = total - (this.#requests.get(pool)?.total ?? 0);
      if (count <= 0) continue;
      // Each request is a value of 1, so that only Sum and SampleCount say anything. Source: ELB guide, metrics.
      const statistics = statisticsOfValue(1, count);
      for (const metric of metrics) this.#store.add(metric, { ...sample, unit: "Count", statistics });
    }
    this.#requests = requests;
  }
}
