/**
 * Puts each mutation of tests/incidents/mutations.ts into a copy of the code, one at a time. The test that the mutation
 * names must fail in the copy. This test also fails if the function of a mutation does not exist, so that a change of
 * the code cannot make a mutation useless.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Mutation, MUTATIONS } from "../incidents/mutations.ts";
import { seededRandom } from "../../src/sandbox/random.ts";
import { declares, mutated } from "../support/mutate.ts";
import { seedOf, sizeOf } from "./proofs.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The files of the project that the tests need. */
const NEEDED = ["deno.json", "deno.lock", "main.ts", "nginx", "src", "systemd", "tests"];

/** How many mutations run at the same time, each in its own copy of the code. */
const AT_ONCE = 2;

/** The outcome of a mutation. */
interface Outcome {
  readonly breaks: string;
  readonly test: string;
  /** Why no test caught the mutation. Undefined if its test failed, as it must. */
  readonly wrong: string | undefined;
}

/** Copies the code from one folder to another. */
async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

/** Runs test files in a folder. Returns the number of failed tests, undefined if the tests cannot be run. */
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

/** Whether a module of a folder can be loaded. */
async function loads(folder: string, file: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", file],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Puts a mutation into the code, runs its test, and removes the mutation again. */
async function tried(folder: string, { breaks, edits, test }: Mutation): Promise<Outcome> {
  const sources = new Map<string, string>();
  try {
    for (const edit of edits) {
      const path = `${folder}/${edit.file}`;
      const source = await Deno.readTextFile(path);
      const missing = { breaks, test, wrong: `${edit.file} has no ${edit.symbol}` };
      if (!declares(source, edit.symbol)) return missing;
      if (!sources.has(path)) sources.set(path, source);
      await Deno.writeTextFile(path, mutated(source, edit));
      if (!await loads(folder, edit.file)) return { ...missing, wrong: `${edit.symbol} cannot be replaced` };
    }
    const failed = await failures(folder, [test]);
    const wrong = failed === undefined
      ? "the test cannot be run"
      : failed === 0
      ? "the test passes all the same"
      : undefined;
    return { breaks, test, wrong };
  } finally {
    for (const [path, source] of sources) await Deno.writeTextFile(path, source);
  }
}

/** Runs mutations. Returns those that no test caught. */
async function uncaught(mutations: readonly Mutation[]): Promise<Outcome[]> {
  const begun = performance.now();
  const outcomes: Outcome[] = [];
  const rest = mutations.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "kas-mutations-" });
    try {
      for (const name of NEEDED) await copy(`${ROOT}${name}`, `${folder}/${name}`);
      const tests = new Set<string>();
      for (const mutation of rest) {
        tests.add(mutation.test);
        outcomes.push(await tried(folder, mutation));
      }
      // Without a mutation the same tests must pass. This shows that the copy is complete.
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

Deno.test("every mutation of the code makes the test fail that the mutation names", async () => {
  const seed = seedOf();
  const random = seededRandom(seed);
  const sample = MUTATIONS.map((mutation) => ({ mutation, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, sizeOf("mutations"))
    .map(({ mutation }) => mutation);
  say(`mutations: KAS_TEST_SEED=${seed}`);
  assertEquals(await uncaught(sample), []);
});

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
