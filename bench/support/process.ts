/**
 * Measures how much time and memory a program uses.
 *
 * @module
 */
import { type Ended, execute } from "../../tests/support/kas.ts";
import { installed } from "../../tests/support/needs.ts";

/** The time and the output of a run. */
export interface Cost {
  /** The time from the program's start to its end, in ms. */
  readonly ms: number;
  readonly ended: Ended;
}

/** Runs a program to its end. Throws Error with its stderr unless its exit status is 0. */
export async function timed(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Cost> {
  const begun = performance.now();
  const ended = await execute(words, env);
  const ms = performance.now() - begun;
  if (ended.code !== 0) throw new Error(`${words.join(" ")} ended with ${ended.code}: ${ended.stderr}`);
  return { ms, ended };
}

/** Whether GNU time, which {@linkcode peakMemory} needs, is installed. */
export function canMeasurePeak(): boolean {
  return installed("time").length > 0;
}

/** Returns the peak memory of a program until its end, in MiB. */
export async function peakMemory(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { ended } = await timed(["time", "-f", "peak %M", ...words], env);
  const [, kilobytes] = /^peak (\d+)$/m.exec(ended.stderr) ?? [];
  if (kilobytes === undefined) throw new Error(`time printed no peak memory: ${ended.stderr}`);
  return Number(kilobytes) / 1_024;
}

/** Returns the present resident memory of a process, in MiB. Source: proc(5), status, VmRSS. */
export async function memory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no memory`);
  return Number(kilobytes) / 1_024;
}
