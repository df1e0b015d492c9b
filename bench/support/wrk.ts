/**
 * Runs wrk, the load generator.
 *
 * @module
 */
import { execute } from "../../tests/support/kas.ts";

/** The result of a run of wrk. Times are in ms. */
export interface Wrk {
  /** Requests per second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /**
   * The number of failures: refused or broken connections, answers other than 2xx and 3xx, and answers that took longer
   * than 2 s.
   */
  readonly failed: number;
}

const SCRIPT = new URL("./wrk.lua", import.meta.url).pathname;

/** Sends requests to a URL over a number of connections for some seconds. Throws Error if wrk fails. */
export async function wrk(url: string, connections: number, seconds: number): Promise<Wrk> {
  const words = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", SCRIPT, url];
  const { code, stdout, stderr } = await execute(words);
  const line = stdout.split("\n").find((line) => line.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`${words.join(" ")}: ${stderr || stdout}`);
  const { requests, duration, p50, p99, max, failed } = JSON.parse(line);
  return {
    rate: requests / (duration / 1e6),
    p50: p50 / 1_000,
    p99: p99 / 1_000,
    max: max / 1_000,
    failed,
  };
}
