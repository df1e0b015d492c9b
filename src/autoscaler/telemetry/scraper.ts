/**
 * Reads the metrics of instances at an interval. The scrapes run by themselves, so that an instance that answers slowly delays no decision.
 *
 * @module
 */
import { originOf, type ScrapeTarget } from "../../health/scrape.ts";
import { innermostMessage } from "../../health/check_once.ts";
import type { ServiceConnection } from "../../process/kept_connection.ts";
import { type Clock, type Runtime, timeLimit } from "../../runtime.ts";
import {
  CPU_METRICS,
  type CpuCounters,
  cpuCounters,
  type CpuUsage,
  type Exporter,
  exporterOf,
  usageBetween,
} from "./cpu.ts";
import { ExpositionReader, type Sample } from "./exposition.ts";

/** An instance to scrape. */
export interface Scraped {
  readonly id: string;
  /** The host name or IP address. Undefined if EC2 shows none. */
  readonly host: string | undefined;
  /** When EC2 last started the instance. */
  readonly launched: number | undefined;
}

/** The result of one scrape of an instance. Times are in ms since the epoch. */
export interface Scrape {
  readonly id: string;
  /** When the answer arrived. */
  readonly at: number;
  /** When the answer before it arrived. Absent if there is none. */
  readonly before?: number;
  /** How busy the CPUs were since then. Absent if the answer does not show it. */
  readonly cpu?: CpuUsage;
  /** What answered with the CPU time of the instance. Absent if the scrape failed. */
  readonly exporter?: Exporter;
  /** The samples of the other metrics that a policy reads, by the metric. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Why the scrape failed, or why it has no CPU. */
  readonly problem?: string;
}

/** The parts of a scraper. */
export interface ScraperParts {
  readonly clock: Clock;
  readonly keepConnection: Runtime["keepConnection"];
  /** Where the metrics are. Undefined: kas scrapes nothing now. */
  readonly target: () => ScrapeTarget | undefined;
  /** The time from the begin of a round of scrapes to that of the next, in ms. */
  readonly interval: () => number;
  /** The names of further metrics that a policy reads. */
  readonly wanted: () => readonly string[];
  /** Called when all scrapes of a round have ended. */
  readonly onRound: (scrapes: readonly Scrape[]) => void;
}

/** How long one scrape may take, in ms, and as a share of the interval. */
const TIMEOUT = { ms: 2_000, share: 0.8 } as const;

/** The largest answer, in bytes. node_exporter's is 100 KB. */
const LARGEST = 4 * 2 ** 20;

/** The largest number of scrapes at the same time. */
const AT_ONCE = 100;

const HEADERS = { "user-agent": "kas", accept: "text/plain; version=0.0.4" };

/** What the scraper knows of an instance. */
interface State {
  readonly instance: Scraped;
  readonly origin: string;
  connection: ServiceConnection | undefined;
  last: { readonly at: number; readonly counters: CpuCounters | undefined } | undefined;
}

/** Scrapes instances until its disposal, while there is a target and an instance. */
export class Scraper implements AsyncDisposable {
  readonly #parts: ScraperParts;
  readonly #end = new AbortController();
  #instances: readonly Scraped[] = [];
  readonly #states = new Map<string, State>();
  /** The loop. Undefined while there is nothing to scrape. It never rejects. */
  #running: Promise<void> | undefined;

  constructor(parts: ScraperParts) {
    this.#parts = parts;
  }

  /** From the next round on, scrapes these instances and no others. */
  watch(instances: readonly Scraped[]): void {
    this.#instances = instances;
    this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The scrapes end", "AbortError"));
    await this.#running;
    this.#keep([]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const { clock, target, interval, onRound } = this.#parts;
    try {
      while (!signal.aborted) {
        const began = clock.elapsed();
        const where = target();
        if (where === undefined || this.#instances.length === 0) return this.#keep([]);
        const scrapes = await this.#round(where);
        signal.throwIfAborted();
        onRound(scrapes);
        await clock.sleep(Math.max(0, interval() - (clock.elapsed() - began)), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Scrapes all instances, at most {@linkcode AT_ONCE} at the same time. */
  async #round(target: ScrapeTarget): Promise<Scrape[]> {
    const states = this.#instances.map((instance) => this.#stateOf(instance, target));
    this.#keep(states);
    const scrapes: Scrape[] = [];
    const rest = states.values();
    const work = async () => {
      for (const state of rest) scrapes.push(await this.#scrape(state, target.path));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return scrapes;
  }

  #stateOf(instance: Scraped, target: ScrapeTarget): State {
    const origin = originOf(target, instance.host ?? "");
    const known = this.#states.get(instance.id);
    if (known?.origin === origin && known.instance.launched === instance.launched) return known;
    const state: State = { instance, origin, connection: undefined, last: undefined };
    known?.connection?.[Symbol.dispose]();
    this.#states.set(instance.id, state);
    return state;
  }

  /** Forgets the instances that are not among these, and closes their connections. */
  #keep(states: readonly State[]): void {
    const kept = new Set(states);
    for (const [id, state] of this.#states) {
      if (kept.has(state)) continue;
      state.connection?.[Symbol.dispose]();
      this.#states.delete(id);
    }
  }

  async #scrape(state: State, path: string): Promise<Scrape> {
    const { clock, wanted } = this.#parts;
    const { instance: { id }, last } = state;
    try {
      const names = wanted();
      const samples = await this.#read(state, path, [...CPU_METRICS, ...names]);
      const at = clock.now();
      const counters = cpuCounters(samples);
      state.last = { at, counters };
      const cpu = last?.counters && counters && usageBetween(last.counters, counters);
      const exporter = counters && exporterOf(samples);
      return {
        id,
        at,
        samples: new Map(names.map((name) => [name, samples.get(name) ?? []])),
        ...(last === undefined ? {} : { before: last.at }),
        ...(cpu === undefined ? {} : { cpu }),
        ...(exporter === undefined ? {} : { exporter }),
        ...(counters === undefined ? { problem: `it has no metric ${CPU_METRICS.join(" or ")}` } : {}),
      };
    } catch (error) {
      return { id, at: clock.now(), samples: new Map(), problem: innermostMessage(error) };
    }
  }

  /** Reads the samples of an instance. Rejects if it does not answer with them in time. */
  async #read(
    state: State,
    path: string,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Sample[]>> {
    const { clock, keepConnection, interval } = this.#parts;
    if (state.instance.host === undefined) throw new Error("EC2 shows no address");
    const timeout = Math.min(TIMEOUT.ms, TIMEOUT.share * interval());
    using limit = timeLimit(clock, timeout);
    const signal = AbortSignal.any([this.#end.signal, limit.signal]);
    const reader = new ExpositionReader(names);
    let size = 0;
    const onBody = (piece: Uint8Array) => {
      size += piece.length;
      if (size > LARGEST) throw new RangeError(`the answer is larger than ${LARGEST} bytes`);
      reader.push(piece);
    };
    const connection = state.connection ??= await keepConnection(state.origin);
    try {
      const status = await connection.get({ path, headers: HEADERS, signal, onBody });
      if (status !== 200) throw new Error(`the answer was ${status}`);
    } catch (error) {
      if (limit.signal.aborted) throw new Error(`no answer within ${timeout / 1_000} s`);
      throw error;
    }
    return reader.end();
  }
}
