/**
 * `deno task bench [PART…] [--quick]`: measures side by side and, where all of it was measured, writes what it found to
 * RESULTS.md, results.json and results.svg in this folder. A part that is named, and what is quick, is only printed.
 *
 * @module
 */
import { section } from "./report.ts";
import type { Part, Result } from "./result.ts";
import { loaded } from "./loaded.ts";
import { ping } from "./ping.ts";
import { scenario } from "./scenario.ts";

const PARTS: readonly Part[] = [ping, loaded, scenario];

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes("--quick");
  const names = args.filter((word) => word !== "--quick");
  const unknown = names.find((word) => PARTS.every(({ name }) => name !== word));
  if (unknown !== undefined) {
    say(`There is no part ${unknown}; try: ${PARTS.map(({ name }) => name).join(", ")}, --quick`);
    return 2;
  }
  const results: Result[] = [];
  for (const { run } of PARTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const result = await run({ quick });
    say(section(result).join("\n"));
    results.push(result);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
