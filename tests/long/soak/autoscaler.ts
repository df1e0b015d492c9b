/**
 * The soak's autoscaler: a process that the test kills and starts again with the same state folder and port, and whose
 * memory it measures.
 *
 * @module
 */
import { BUILT, type Running, start } from "../../support/kas.ts";

/** A sample of a process's memory. */
export interface Sample {
  /** The time since the start of the process, in ms. */
  readonly age: number;
  /** Resident set size, MiB. */
  readonly rss: number;
}

/** An autoscaler that is restarted after each kill. Disposing of it sends SIGTERM. */
export class Phoenix implements AsyncDisposable {
  readonly #words: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #process: Running;
  #born = performance.now();
  /** The autoscaler's URL, which is the same after each start. */
  readonly url: string;
  /** The samples of each process, from its start to its end. */
  readonly lives: Sample[][] = [[]];

  private constructor(
    process: Running,
    url: string,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#process = process;
    this.url = url;
    this.#words = words;
    this.#env = env;
  }

  /** Starts the autoscaler on a free port. Resolves when it listens. */
  static async start(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Phoenix> {
    const all = [...BUILT, "autoscaler", ...words];
    const process = start([...all, "--listen", "127.0.0.1:0"], env);
    const [, url = ""] = await process.line(/listening on (http:\S+?)[\s"]*(?:\s|$)/);
    return new Phoenix(process, url, [...all, "--listen", new URL(url).host], env);
  }

  /** How often the test has killed the process. */
  get kills(): number {
    return this.lives.length - 1;
  }

  /** Kills the process with SIGKILL, and starts a new one at once. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    this.#process = start(this.#words, this.#env);
    this.#born = performance.now();
    this.lives.push([]);
    await this.#process.line(/listening on/);
  }

  /** Takes a sample of the process's memory. */
  async measure(): Promise<void> {
    const status = await Deno.readTextFile(`/proc/${this.#process.pid}/status`).catch(() => "");
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
    if (kib === undefined) return;
    this.lives.at(-1)?.push({ age: performance.now() - this.#born, rss: Number(kib) / 1_024 });
  }

  /** Returns the last lines of the present process's log, without decisions on no action. */
  lastWords(lines: number): string {
    return this.#process.lines.filter((line) => !line.includes("decided none")).slice(-lines).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** A summary of the memory samples of one process, in MiB and MiB per minute. */
export interface Memory {
  readonly least: number;
  readonly most: number;
  /**
   * The lowest memory in the second half after the warm-up minus the lowest in the first half. Garbage that is collected does not raise
   * it.
   */
  readonly growth: number;
  /** Slope of the line of best fit after the warm-up. */
  readonly slope: number;
}

/**
 * How long V8, malloc and SQLite need to reach their working size, ms. In a life of 15 minutes memory rose from 117 to 186 MiB in ten
 * minutes and then stayed within 0.5 MiB.
 */
const WARM_UP = 10 * 60_000;

/** Summarizes the samples of one life without its warm-up: the first ten minutes, or the first third of a life of less than 15. */
export function memoryOf(samples: readonly Sample[]): Memory {
  const old = samples.filter(({ age }) => age >= WARM_UP);
  const warm = 3 * old.length >= samples.length ? old : samples.slice(Math.floor(samples.length / 3));
  const half = Math.floor(warm.length / 2);
  const lowest = (some: readonly Sample[]) => Math.min(...some.map(({ rss }) => rss));
  const all = samples.map(({ rss }) => rss);
  return {
    least: Math.min(...all),
    most: Math.max(...all),
    growth: lowest(warm.slice(half)) - lowest(warm.slice(0, half)),
    slope: slopeOf(warm.map(({ age, rss }) => [age / 60_000, rss] as const)),
  };
}

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = points.reduce((sum, [xi, yi]) => sum + (xi - x) * (yi - y), 0);
  return covariance / points.reduce((sum, [xi]) => sum + (xi - x) ** 2, 0);
}
