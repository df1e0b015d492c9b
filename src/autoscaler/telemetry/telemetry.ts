/**
 * The load of a fleet: from scrapes of its instances, and from CloudWatch where kas does not scrape, or no scrape succeeds.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Aws } from "../../aws/clients.ts";
import { describeError } from "../../aws/error_messages.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Runtime } from "../../runtime.ts";
import { capacityOf, instancesAt } from "../../scaling/model/capacity.ts";
import { inService } from "../../scaling/model/instance.ts";
import type { Datapoint } from "../../scaling/model/load/metric.ts";
import { DEFAULT_STABILIZATION, policyOf } from "../../scaling/model/load/policy.ts";
import type { LoadView, MetricReading } from "../../scaling/model/load/view.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { isoTime } from "../../cli/format.ts";
import type { AddressOf, Events, Tuning } from "../assembly_options.ts";
import type { ScrapeSpec } from "../../settings/metrics/spec.ts";
import { CloudWatchLoad } from "./cloudwatch_load.ts";
import type { Learning } from "./learning.ts";
import { MINUTE, type Minutes, minutesOf, pointOf } from "./minutes.ts";
import { INTERVALS, isFresh, type LastScrape, Samples } from "./samples.ts";
import type { Past } from "./past.ts";
import { readsLoad, scrapedNames } from "./reads.ts";
import { ScrapedMetrics } from "./scraped_metrics.ts";
import { type Scrape, Scraper } from "./scraper.ts";
import { SourceError } from "./sources/source_error.ts";

/** The parts of a {@linkcode Telemetry}. */
export interface TelemetryParts {
  readonly aws: Aws;
  readonly runtime: Pick<Runtime, "clock" | "keepConnection">;
  readonly address: AddressOf;
  readonly tuning: () => Tuning;
  readonly minutes: Minutes;
  readonly learning: Learning;
  readonly past: Past;
  /** Called when a round of scrapes has ended, with its scrapes. */
  readonly onScrapes?: Events["onScrapes"] | undefined;
}

/** The interval if kas does not scrape, in ms. */
const NO_INTERVAL = 5_000;

/** After this many intervals without a current point, kas reads CloudWatch instead. */
const PATIENCE = 6;

const log = getLogger(["kas", "telemetry"]);

/** Measures the load of a fleet until its disposal. */
export class Telemetry implements AsyncDisposable {
  readonly #parts: TelemetryParts;
  readonly #samples = new Samples();
  readonly #metrics = new ScrapedMetrics();
  readonly #cloudWatch: CloudWatchLoad;
  readonly #scraper: Scraper;
  /** When the first round of scrapes ended. */
  #began: number | undefined;
  #source: LoadView["source"] | undefined;
  /** Whether the last read of CloudWatch failed. */
  #isUnreadable = false;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    this.#cloudWatch = new CloudWatchLoad(parts.aws);
    this.#scraper = new Scraper({
      ...parts.runtime,
      target: () => parts.tuning().scrape?.target,
      interval: () => this.#interval,
      wanted: () => scrapedNames(parts.tuning()),
      onRound: (scrapes) => this.#onRound(scrapes),
    });
  }

  /** The last scrape of each instance, by its id. Empty if kas scrapes nothing. */
  get scrapes(): ReadonlyMap<string, LastScrape> {
    return this.#parts.tuning().scrape === undefined ? new Map() : this.#samples.last;
  }

  /** Notes which instances an observation shows: kas scrapes those in service and those that join. */
  note(ec2: readonly Ec2Instance[], observation: Observation): void {
    const { now, instances, history } = observation;
    const serving = instances.filter(inService);
    this.#samples.addMembership({
      at: now,
      since: new Map(serving.map(({ id }) => [id, history.inServiceSince[id] ?? 0])),
    });
    const scraped = new Set(
      (["in-service", "failing", "joining"] as const).flatMap((status) => instancesAt(status, observation))
        .filter(({ state }) => state === "running").map(({ id }) => id),
    );
    this.#scraper.watch(
      ec2.filter(({ id }) => scraped.has(id))
        .map((instance) => ({
          id: instance.id,
          host: this.#parts.address(instance),
          launched: instance.launched,
        })),
    );
  }

  /** Notes that kas has deregistered an instance. Without this, its missing samples would count until the next observation. */
  readonly noteLeft = (id: string): void => this.#samples.noteLeft(id, this.#parts.runtime.clock.now());

  /**
   * Returns the load of the last minutes, as far as the scrapes show it. Undefined if kas has to read CloudWatch, because it scrapes nothing
   * or no scrape has succeeded for a while.
   */
  scraped(now: number): LoadView | undefined {
    if (this.#parts.tuning().scrape === undefined) return undefined;
    const patience = PATIENCE * this.#interval;
    const short = this.#samples.short(this.#interval);
    const isStarting = this.#began === undefined || now - this.#began < patience;
    if (!isFresh(short, patience + INTERVALS.short * this.#interval, now) && !isStarting) return undefined;
    const span = this.#stabilization;
    const known = this.#samples.long(this.#interval, span);
    const first = known[0]?.at ?? this.#samples.end ?? now;
    // After a restart, the journal has the minutes before the first sample.
    const before = this.#parts.minutes.read(now - span - INTERVALS.long * this.#interval, first - MINUTE + 1);
    return {
      source: "scrape",
      short,
      long: [...before.flatMap((minute) => pointOf(minute) ?? []), ...known],
    };
  }

  /**
   * Returns the load of the last minutes, and what the adaptive policy has learned from it. Reads CloudWatch if the scrapes do not show the
   * load. If CloudWatch does not answer either, the load has no periods and says why: kas then still restores the minimum.
   */
  async load(
    ec2: readonly Ec2Instance[],
    observation: Observation,
    signal: AbortSignal,
  ): Promise<Pick<Observation, "load" | "adaptive">> {
    try {
      const load = await this.#measured(ec2, observation, signal);
      this.#isUnreadable = false;
      return load;
    } catch (error) {
      if (signal.aborted) throw error;
      const { message } = describeError(error);
      if (!this.#isUnreadable) log.error("cannot read the load from CloudWatch", { reason: message });
      this.#isUnreadable = true;
      const why = `kas cannot read the load from CloudWatch: ${
        /[.!?]$/.test(message) ? message : `${message}.`
      }`;
      return { load: { source: "cloudwatch", why, short: [], long: [] } };
    }
  }

  async #measured(
    ec2: readonly Ec2Instance[],
    observation: Observation,
    signal: AbortSignal,
  ): Promise<Pick<Observation, "load" | "adaptive">> {
    if (policyOf(observation.limits, "adaptive") !== undefined) {
      await this.#parts.past.fill(ec2, observation.now, signal);
    }
    const scraped = this.scraped(observation.now);
    this.#noteSource(scraped === undefined ? "cloudwatch" : "scrape", observation);
    return this.#learned(scraped ?? await this.#readCloudWatch(ec2, observation, signal), observation);
  }

  #learned(load: LoadView, observation: Observation): Pick<Observation, "load" | "adaptive"> {
    const adaptive = this.#parts.learning.note(load, observation);
    return adaptive === undefined ? { load } : { load, adaptive };
  }

  async #readCloudWatch(
    ec2: readonly Ec2Instance[],
    observation: Observation,
    signal: AbortSignal,
  ): Promise<LoadView> {
    const view = await this.#cloudWatch.read(ec2, observation, this.#stabilization, signal);
    for (const minute of view.long.flatMap((point) => minutesOf(point, "cloudwatch"))) {
      this.#parts.minutes.add(minute);
    }
    const why = this.#whyNotScraped();
    return why === undefined ? view : { ...view, why };
  }

  /** Returns the CPU of instances in the last long period by the scrapes. Undefined if the scrapes do not show it. */
  cpu(now: number): Readonly<Record<string, Datapoint>> | undefined {
    if (this.scraped(now) === undefined) return undefined;
    const cpu = this.#samples.cpu(this.#interval);
    return Object.keys(cpu).length === 0 ? undefined : cpu;
  }

  /** Returns an observation with the load of now. Undefined if no policy reads what the scrapes show. */
  refreshed(observation: Observation, now: number): Observation | undefined {
    const load = readsLoad(observation) ? this.scraped(now) : undefined;
    const metrics = this.#refreshedMetrics(observation, now);
    if (load === undefined && metrics === undefined) return undefined;
    const cpu = this.cpu(now);
    return {
      ...observation,
      now,
      ...(load === undefined ? {} : this.#learned(load, { ...observation, now })),
      ...(cpu === undefined ? {} : { cpu }),
      ...(metrics === undefined ? {} : { metrics }),
    };
  }

  /**
   * Returns the value of a metric that the instances serve.
   *
   * @throws {SourceError} if no instance has shown it
   */
  value(spec: ScrapeSpec, now: number): { value: number; at: number } {
    if (this.#parts.tuning().scrape === undefined) {
      throw new SourceError("kas does not scrape the instances: --scrape is not set");
    }
    return this.#metrics.value(spec, now, PATIENCE * this.#interval);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scraper[Symbol.asyncDispose]();
    try {
      this.#parts.learning.save(this.#parts.runtime.clock.now());
    } catch (error) {
      log.error("cannot save what the adaptive policy has learned", { reason: (error as Error).message });
    }
  }

  get #interval(): number {
    return this.#parts.tuning().scrape?.interval ?? NO_INTERVAL;
  }

  /** For how long policies look back, in ms. */
  get #stabilization(): number {
    return policyOf(this.#parts.tuning().limits, "target")?.stabilization ?? DEFAULT_STABILIZATION;
  }

  /** Returns the metrics of an observation with new values of those that kas scrapes. Undefined if it has none of these. */
  #refreshedMetrics({ metrics }: Observation, now: number): Observation["metrics"] {
    const fresh = Object.entries(this.#parts.tuning().metrics ?? {}).flatMap(
      ([name, spec]): [string, MetricReading][] => {
        if (spec.type !== "scrape" || metrics?.[name] === undefined) return [];
        const { source } = metrics[name];
        try {
          return [[name, { ...this.value(spec, now), source }]];
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          return [[name, { source, why: error.message }]];
        }
      },
    );
    return fresh.length === 0 ? undefined : { ...metrics, ...Object.fromEntries(fresh) };
  }

  #onRound(scrapes: readonly Scrape[]): void {
    const now = this.#parts.runtime.clock.now();
    this.#began ??= now;
    const long = INTERVALS.long * this.#interval;
    this.#samples.addRound(scrapes, now, this.#interval, this.#stabilization + 2 * long + 2 * MINUTE);
    this.#metrics.addRound(scrapes);
    try {
      this.#storeMinute(now);
    } catch (error) {
      // The disk may be full. The load of this minute is then missing in the journal, and the scrapes go on.
      log.error("cannot store the load of a minute", { reason: (error as Error).message });
    }
    this.#parts.onScrapes?.(scrapes);
  }

  /** Stores the load of the last minute, if the journal does not have it yet. */
  #storeMinute(now: number): void {
    const { minutes } = this.#parts;
    const minute = Math.floor(now / MINUTE) * MINUTE - MINUTE;
    if (minute <= (minutes.newest() ?? 0)) return;
    const point = this.#samples.between(minute, minute + MINUTE);
    for (const it of point === undefined ? [] : minutesOf(point, "scrape")) minutes.add(it);
  }

  /** Logs that the load now comes from another source. */
  #noteSource(source: LoadView["source"], observation: Observation): void {
    const before = this.#source;
    this.#source = source;
    if (before === source || this.#parts.tuning().scrape === undefined) return;
    if (source === "cloudwatch") {
      log.error("no scrape succeeds; kas reads CloudWatch", { reason: this.#whyNotScraped() });
    } else if (before === "cloudwatch") {
      log.info("scrapes succeed again", { instances: capacityOf(observation).inService });
    }
  }

  /** Returns, in a sentence, why the scrapes do not show the load. Undefined if kas is not to scrape. */
  #whyNotScraped(): string | undefined {
    if (this.#parts.tuning().scrape === undefined) return undefined;
    const all = [...this.#samples.last];
    const [id, { problem = "its CPU is not known", answered } = {}] =
      all.find(([, { problem }]) => problem) ?? all[0] ?? [];
    if (id === undefined) return "kas has scraped no instance, and reads CloudWatch.";
    const since = answered === undefined ? "" : ` It last answered at ${isoTime(answered)}.`;
    return `No scrape shows the load (${id}: ${problem}), and kas reads CloudWatch.${since}`;
  }
}
