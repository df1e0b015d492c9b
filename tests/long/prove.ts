/**
 * Runs a long test as a whole and reports its figures.
 *
 *     deno task prove                        the names
 *     deno task prove NAME [SIZE] [SEED]     runs it
 *
 * @module
 */
import { run } from "../support/runner.ts";
import { type Proof, PROOFS } from "./proofs.ts";

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Returns a size with its unit. */
function sized(size: number, unit: string): string {
  return `${size === Infinity ? "all" : size.toLocaleString("en")} ${unit}`;
}

function table(): string {
  return Object.entries(PROOFS).map(([name, { holds, unit, sample, whole }]) =>
    `${name.padEnd(14)}${sized(whole, unit).padEnd(32)}sample ${String(sample).padEnd(8)}${holds}`
  ).join("\n");
}

/** Runs the long test with a name. Returns the exit status. */
async function prove([name = "", size, seed]: readonly string[]): Promise<number> {
  const proof = Object.entries<Proof>(PROOFS).find(([known]) => known === name)?.[1];
  if (proof === undefined) {
    say(`usage: deno task prove NAME [SIZE] [SEED]\n\n${table()}`);
    return name === "" ? 0 : 2;
  }
  const begun = performance.now();
  const env = {
    KAS_TEST_SIZE: size ?? String(proof.whole),
    ...(seed === undefined ? {} : { KAS_TEST_SEED: seed }),
  };
  const status = await run(proof.tests, env);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0);
  say(
    `${name}: ${status === 0 ? "holds" : "FAILED"}, ${
      sized(Number(size ?? proof.whole), proof.unit)
    }, ${seconds} s`,
  );
  return status;
}

Deno.exitCode = await prove(Deno.args);
