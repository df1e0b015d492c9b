/**
 * Programs run to their end or left running, and what they cost: time and memory.
 *
 * @module
 */
import { type Ended, execute } from "../tests/support/kas.ts";
import { installed } from "../tests/support/needs.ts";

/** What a run cost. */
export interface Cost {
  /** From before it was started until it had ended, ms. */
  readonly ms: number;
  readonly ended: Ended;
}

/** Runs a program to its end. Throws Error, with what it said, unless it ends with 0. */
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

/** Whether {@linkcode peakMemory} can be had: by GNU time. */
export function peakMemoryThere(): boolean {
  return installed("time").length > 0;
}

/** The most memory that a program has in use while it runs to its end, MiB. */
export async function peakMemory(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { ended } = await timed(["time", "-f", "peak %M", ...words], env);
  const [, kilobytes] = /^peak (\d+)$/m.exec(ended.stderr) ?? [];
  if (kilobytes === undefined) throw new Error(`time said nothing of memory: ${ended.stderr}`);
  return Number(kilobytes) / 1_024;
}

/** The memory that a process has in use now, MiB. Source: proc(5), status, VmRSS. */
export async function memory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no memory`);
  return Number(kilobytes) / 1_024;
}
