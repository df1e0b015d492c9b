/**
 * Provisions machines of a room with the executable.
 *
 * @module
 */
import { type Ended, execute } from "../../support/kas.ts";
import type { Room } from "./room.ts";

/** The executable that `deno task build` makes. */
export const KAS = new URL("../../../dist/kas", import.meta.url).pathname;

/** Creates another build of kas, which differs in one letter of the help. */
export async function otherBuild(folder: string): Promise<string> {
  const bytes = await Deno.readFile(KAS);
  const text = new TextEncoder().encode("An autoscaler for EC2 fleets");
  const found = (at: number) => text.every((byte, i) => bytes[at + i] === byte);
  for (let at = bytes.indexOf(65); at >= 0; at = bytes.indexOf(65, at + 1)) if (found(at)) bytes[at + 3] = 65;
  const path = `${folder}/kas-other`;
  await Deno.writeFile(path, bytes, { mode: 0o755 });
  return path;
}

/** Runs `kas admin provision` with the room's key. */
export function provision(
  { path, identity }: Room,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const flags = ["--user", "root", "--identity", identity, "--output", "tsv"];
  return execute([KAS, "admin", "provision", ...flags, ...words], { PATH: path, ...env });
}

/** The result of each step, by `HOST STEP`. */
export function results({ stdout }: Ended): Record<string, string> {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([host, step, result = ""]) => [`${host} ${step}`, result]));
}

/** How long each step took, as text. */
export function times({ stdout }: Ended): string {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return rows.map(([host, step, result, seconds]) => `${host} ${step} ${result} ${seconds}`).join("\n  ");
}

/** Prints information about a run. */
export function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
