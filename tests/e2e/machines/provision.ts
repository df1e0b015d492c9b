/**
 * The compiled kas, provisioning machines of a room.
 *
 * @module
 */
import { type Ended, execute } from "../../kas.ts";
import type { Room } from "./room.ts";

/** The executable that `deno task build` makes. */
export const KAS = new URL("../../../dist/kas", import.meta.url).pathname;

/** `kas admin provision` with the room's key. */
export function provision(
  { path, identity }: Room,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const flags = ["--user", "root", "--identity", identity, "--output", "tsv"];
  return execute([KAS, "admin", "provision", ...flags, ...words], { PATH: path, ...env });
}

/** The rows of its table: a step's result by `HOST STEP`. */
export function results({ stdout }: Ended): Record<string, string> {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([host, step, result = ""]) => [`${host} ${step}`, result]));
}

/** How long each step took, for people. */
export function times({ stdout }: Ended): string {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return rows.map(([host, step, result, seconds]) => `${host} ${step} ${result} ${seconds}`).join("\n  ");
}

/** Says something about a run that is no failure. */
export function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
