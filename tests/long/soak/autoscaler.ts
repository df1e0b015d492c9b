/**
 * The soak's autoscaler: a real process that is killed and started again on the same state folder and port, and whose memory
 * is measured while it lives.
 *
 * @module
 */
import { BUILT, type Running, start } from "../../support/kas.ts";

/** The memory of one process at one moment. */
export interface Sample {
  /** Since the process began, ms. */
  readonly age: number;
  /** Resident set size, MiB. */
  readonly rss: number;
}

/** An autoscaler that lives again and again; disposing of it ends it by SIGTERM. */
export class Phoenix implements AsyncDisposable {
  readonly #words: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #process: Running;
  #born = performance.now();
  /** Where it listens, in every life. */
  readonly url: string;
  /** The samples of each life. */
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

  /** Starts it, on a port that is free; resolves once it listens. */
  static async start(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Phoenix> {
    const all = [...BUILT, "autoscaler", ...words];
    const process = start([...all, "--listen", "127.0.0.1:0"], env);
    const [, url = ""] = await process.line(/listening on (http:\S+?)[\s"]*(?:\s|$)/);
    return new Phoenix(process, url, [...all, "--listen", new URL(url).host], env);
  }

  /** How often it was killed. */
  get kills(): number {
    return this.lives.length - 1;
  }

  /** SIGKILL, and a new life at once. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    this.#process = start(this.#words, this.#env);
    this.#born = performance.now();
    this.lives.push([]);
    await this.#process.line(/listening on/);
  }

  /** Measures its memory. */
  async measure(): Promise<void> {
    const status = await Deno.readTextFile(`/proc/${this.#process.pid}/status`).catch(() => "");
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
    if (kib === undefined) return;
    this.lives.at(-1)?.push({ age: performance.now() - this.#born, rss: Number(kib) / 1_024 });
  }

  /** The last lines that it logged in this life, the decisions that lead to nothing left out. */
  lastWords(lines: number): string {
    return this.#process.lines.filter((line) => !line.includes("decided none")).slice(-lines).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** What the samples of one life come to, MiB and MiB a minute. */
export interface Memory {
  readonly least: number;
  readonly most: number;
  /**
   * How much more memory the second half of what comes after the warm-up had at its lowest than the first: what is never given
   * back, for the heap's own saw teeth have the same lows.
   */
  readonly growth: number;
  /** Slope of the line of best fit after the warm-up. */
  readonly slope: number;
}

/**
 * How long memory grows until V8, malloc and SQLite have what they keep, ms: a life of 15 minutes went from 117 to 186 MiB in
 * ten, and stayed there within 0.5 MiB.
 */
const WARM_UP = 10 * 60_000;

/** Sums up the samples of one life, without its warm-up: its first ten minutes, of a life of less than 15 its first third. */
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
