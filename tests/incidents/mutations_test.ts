import { assert, assertEquals } from "@std/assert";
import { declares, mutated } from "../support/mutate.ts";
import { INCIDENTS, MUTATIONS } from "./mutations.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every incident test is listed in the README and has a mutation that makes the test fail", async () => {
  const tests = (await Array.fromAsync(Deno.readDir(new URL("tests/incidents", ROOT))))
    .map(({ name }) => name)
    .filter((name) => name.endsWith("_test.ts") && name !== "mutations_test.ts");
  assertEquals(
    tests.map((name) => `tests/incidents/${name}`).toSorted(),
    [...new Set(INCIDENTS.map(({ test }) => test))].toSorted(),
  );
  const catalogue = await Deno.readTextFile(new URL("tests/incidents/README.md", ROOT));
  for (const name of tests) assert(catalogue.includes(`(${name})`), `${name} is not in the README`);
});

Deno.test("every mutation names a function that exists", async () => {
  const missing: string[] = [];
  for (const { file, symbol } of MUTATIONS.flatMap(({ edits }) => edits)) {
    const source = await Deno.readTextFile(new URL(file, ROOT)).catch(() => "");
    if (!declares(source, symbol)) missing.push(`${file} has no ${symbol}`);
  }
  assertEquals(missing, []);
});

/** What a module with a mutation exports. */
async function loaded(source: string, symbol: string, becomes: string): Promise<Record<string, unknown>> {
  const code = mutated(source, { symbol, becomes });
  return await import(`data:text/typescript,${encodeURIComponent(code)}`);
}

Deno.test("mutated() replaces a function for its importers and in tables of its own module", async () => {
  const source = "export const TABLE = [double]; export function double(n: number): number { return 2 * n; }";
  const { TABLE, double } = await loaded(source, "double", "(n) => original(n) + 1") as {
    readonly TABLE: readonly ((n: number) => number)[];
    readonly double: (n: number) => number;
  };
  assertEquals([double(2), TABLE[0]?.(2)], [5, 5]);
});

Deno.test("mutated() replaces a method and a property of an object", async () => {
  const source = "export class C { f() { return 1; } } export const check = { name: 'a', f: () => 1 };";
  const { C } = await loaded(source, "C.prototype.f", "() => 2") as { readonly C: new () => { f(): number } };
  const { check } = await loaded(source, "check.f", "() => 2") as { readonly check: { f(): number } };
  assertEquals([new C().f(), check.f()], [2, 2]);
});
