/**
 * The museum's proof: each fault of its catalogue is built into a copy of our code, one at a time, and the test that is to notice
 * must fail there. An edit whose place has gone is told, so that no change of the code makes this empty.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { EXHIBITS, type Mutation, RULES } from "../incidents/mutations.ts";
import { dice } from "../../src/sandbox/random.ts";
import { seedOf, sizeOf } from "./proofs.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a test needs of the project. */
const NEEDED = ["deno.json", "deno.lock", "main.ts", "src", "tests"];

/** Copies of the code that are worked on side by side. */
const AT_ONCE = 2;

/** What came of a mutation. */
interface Outcome {
  readonly breaks: string;
  readonly test: string;
  /** undefined: the test failed, as it is to. */
  readonly wrong: string | undefined;
}

/** A copy of the code. */
async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

/** Runs a test's file in a folder; the number of its tests that failed, undefined where it could not even be run. */
async function failures(folder: string, tests: readonly string[]): Promise<number | undefined> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--quiet", ...tests],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "null",
  }).output();
  const [, failed] =
    /^(?:ok|FAILED) \| \d+ passed.* \| (\d+) failed/m.exec(new TextDecoder().decode(stdout)) ??
      [];
  return failed === undefined ? undefined : Number(failed);
}

/** Builds a fault in, runs its test, and takes it out again. */
async function tried(folder: string, { breaks, edits, test }: Mutation): Promise<Outcome> {
  const sources = new Map<string, string>();
  try {
    for (const { file, find, replace } of edits) {
      const path = `${folder}/${file}`;
      const source = await Deno.readTextFile(path);
      const times = source.split(find).length - 1;
      if (times !== 1) return { breaks, test, wrong: `${file} has ${times} times: ${find}` };
      if (!sources.has(path)) sources.set(path, source);
      await Deno.writeTextFile(path, source.replace(find, () => replace));
    }
    const failed = await failures(folder, [test]);
    const wrong = failed === undefined
      ? "the test could not be run"
      : failed === 0
      ? "the test passes all the same"
      : undefined;
    return { breaks, test, wrong };
  } finally {
    for (const [path, source] of sources) await Deno.writeTextFile(path, source);
  }
}

/** Tries mutations; those that went unnoticed. */
async function unnoticed(mutations: readonly Mutation[]): Promise<Outcome[]> {
  const begun = performance.now();
  const outcomes: Outcome[] = [];
  const rest = mutations.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "kas-museum-" });
    try {
      for (const name of NEEDED) await copy(`${ROOT}${name}`, `${folder}/${name}`);
      const tests = new Set<string>();
      for (const mutation of rest) {
        tests.add(mutation.test);
        outcomes.push(await tried(folder, mutation));
      }
      // What failed there does not with every fault out again: the copy is as good as the code.
      assertEquals(await failures(folder, [...tests]), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  say(`mutations: ${outcomes.length}, ${seconds} s`);
  for (const { breaks, test, wrong } of outcomes) say(`  ${breaks}: ${wrong ?? `${test} fails`}`);
  return outcomes.filter(({ wrong }) => wrong !== undefined);
}

Deno.test("every mutation fails the test that it names", async () => {
  const seed = seedOf();
  const random = dice(seed);
  const sample = [...EXHIBITS, ...RULES].map((mutation) => ({ mutation, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, sizeOf("mutations"))
    .map(({ mutation }) => mutation);
  say(`mutations: KAS_TEST_SEED=${seed}`);
  assertEquals(await unnoticed(sample), []);
});

Deno.test("every exhibit has its fault, in a place that is there", async () => {
  const exhibits = (await Array.fromAsync(Deno.readDir(`${ROOT}tests/incidents`)))
    .map(({ name }) => name).filter((name) => name.endsWith("_test.ts"));
  assertEquals(
    exhibits.map((name) => `tests/incidents/${name}`).toSorted(),
    [...new Set(EXHIBITS.map(({ test }) => test))].toSorted(),
  );
  const catalogue = await Deno.readTextFile(`${ROOT}tests/incidents/README.md`);
  for (const name of exhibits) assert(catalogue.includes(`(${name})`), `${name} is not in the catalogue`);
  for (const { file, find } of [...EXHIBITS, ...RULES].flatMap(({ edits }) => edits)) {
    const source = await Deno.readTextFile(`${ROOT}${file}`);
    assertEquals(source.split(find).length - 1, 1, `${file}: ${find}`);
  }
});

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
