/**
 * Reads the metrics that formulas use. A source that fails or is slow does not fail an observation: its metric has no value.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { BalancerRef } from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { describeError } from "../../../aws/error_messages.ts";
import { visibleMessages } from "../../../aws/sqs/queue.ts";
import { type Runtime, timeLimit } from "../../../runtime.ts";
import type { MetricReading } from "../../../scaling/model/load/view.ts";
import {
  type MetricSpec,
  type MetricSpecs,
  type ScrapeSpec,
  sourceText,
} from "../../../settings/metrics/spec.ts";
import { readRequests, readStatistic } from "./aws_metrics.ts";
import { readJsonField } from "./json_field.ts";
import { queryPrometheus } from "./prometheus.ts";
import { SourceError } from "./source_error.ts";

/** Returns the present value of a scraped metric, and when it was true. Throws a SourceError if there is none. */
export type ReadScraped = (spec: ScrapeSpec, now: number) => Required<Pick<MetricReading, "value" | "at">>;

/** The parts that a reader needs. */
export interface ReaderParts {
  readonly aws: Aws;
  readonly balancer: BalancerRef;
  readonly runtime: Pick<Runtime, "clock" | "fetch">;
  /** Absent if kas does not scrape the instances. */
  readonly scraped?: ReadScraped | undefined;
}

/** The time limit of one metric, in ms. kas reads all metrics side by side, while it lists the fleet. */
const TIMEOUT = 5_000;

/**
 * How long kas uses a value before it reads the metric again, in ms. AWS charges for each read, and its numbers change slowly:
 * CloudWatch's once a period, and SQS's within a minute.
 */
const KEEP: Readonly<Record<MetricSpec["type"], number>> = {
  "sqs": 10_000,
  "cloudwatch": 30_000,
  "requests-per-target": 30_000,
  "prometheus": 4_000,
  "json": 4_000,
  "scrape": 0,
};

const log = getLogger(["kas", "loop"]);

/** A value, and when kas read it. */
interface Kept {
  readonly spec: string;
  /** In the clock's elapsed time. */
  readonly read: number;
  readonly reading: MetricReading;
}

/** Reads metrics, and keeps each value for a short time. */
export class MetricReader {
  readonly #parts: ReaderParts;
  readonly #kept = new Map<string, Kept>();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /**
   * Reads the metrics. Rejects only if the signal aborts.
   *
   * @param serving returns the number of instances in service
   */
  async read(
    specs: MetricSpecs,
    serving: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<Record<string, MetricReading>> {
    const readings = await Promise.all(
      Object.entries(specs).map(async ([name, spec]): Promise<[string, MetricReading]> => {
        const reading = await this.#readOne(name, spec, signal);
        return [name, spec.type === "requests-per-target" ? perTarget(reading, await serving()) : reading];
      }),
    );
    return Object.fromEntries(readings);
  }

  async #readOne(name: string, spec: MetricSpec, signal: AbortSignal): Promise<MetricReading> {
    const { clock } = this.#parts.runtime;
    const text = JSON.stringify(spec);
    const kept = this.#kept.get(name);
    if (kept?.spec === text && clock.elapsed() - kept.read < KEEP[spec.type]) return kept.reading;
    using limit = timeLimit(clock, TIMEOUT);
    const source = sourceText(spec);
    let reading: MetricReading;
    try {
      const { value, at } = await valueOf(spec, this.#parts, AbortSignal.any([signal, limit.signal]));
      reading = Number.isFinite(value) ? { value, at, source } : { source, why: `the value is ${value}` };
    } catch (error) {
      signal.throwIfAborted();
      const why = limit.signal.aborted
        ? `no answer within ${TIMEOUT / 1_000} s`
        : error instanceof SourceError
        ? error.message
        : describeError(error).message;
      reading = { source, why };
    }
    noteChange(name, kept?.reading, reading);
    this.#kept.set(name, { spec: text, read: clock.elapsed(), reading });
    return reading;
  }
}

/** Logs that a metric has lost its value, or has one again. An evaluation without an action logs no reason. */
function noteChange(metric: string, before: MetricReading | undefined, after: MetricReading): void {
  const { source } = after;
  if (after.why !== undefined && before?.why === undefined) {
    log.error("metric has no value", { metric, source, reason: after.why });
  } else if (after.why === undefined && before?.why !== undefined) {
    log.info("metric has a value again", { metric, source });
  }
}

/** Reads the value of one metric. For `requests-per-target`, reads the requests of all targets. */
async function valueOf(
  spec: MetricSpec,
  { aws, balancer, runtime, scraped }: ReaderParts,
  signal: AbortSignal,
): Promise<{ readonly value: number; readonly at: number }> {
  const now = runtime.clock.now();
  switch (spec.type) {
    case "sqs":
      return { value: await visibleMessages(aws, spec.queue, signal), at: now };
    case "cloudwatch":
      return await readStatistic(aws, spec, now, signal);
    case "requests-per-target":
      return await readRequests(aws, balancer, now, signal);
    case "prometheus":
      return await queryPrometheus(spec, runtime, signal);
    case "json":
      return { value: await readJsonField(spec, runtime, signal), at: now };
    case "scrape":
      if (scraped === undefined) {
        throw new SourceError("kas does not scrape the instances: --scrape is not set");
      }
      return scraped(spec, now);
  }
}

/** Divides the requests of all targets by the number of instances in service. */
function perTarget(reading: MetricReading, serving: number): MetricReading {
  if (reading.value === undefined) return reading;
  if (serving > 0) return { ...reading, value: reading.value / serving };
  return { source: reading.source, why: "no instance is in service" };
}
