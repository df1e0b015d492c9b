import { assertEquals } from "@std/assert";
import { execute } from "../../support/kas.ts";

const RUNNER = new URL("../../support/runner.ts", import.meta.url).pathname;

/** Runs the runner on a file of tests. Returns its exit status and its lines, without durations. */
async function run(tests: string): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a_test.ts`, tests);
    const { code, stdout } = await execute([Deno.execPath(), "run", "-A", RUNNER, `${folder}/a_test.ts`]);
    return { code, lines: stdout.split("\n").map((line) => line.replace(/ \(\d+m?s\)$/, "")) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the test runner prints no passing test, and lists ignored tests with their reasons before the summary", async () => {
  const { code, lines } = await run(`
    Deno.test("passes", () => {});
    Deno.test({ name: "waits (ignored: no aws)", ignore: true, fn: () => {} });
  `);
  assertEquals(code, 0);
  assertEquals(lines.filter((line) => line !== ""), [
    "Ignored:",
    "  waits: no aws",
    "ok | 1 passed | 0 failed | 1 ignored",
  ]);
});

Deno.test("the test runner prints the text that a test reports", async () => {
  const { lines } = await run(`
    Deno.test("reports", () => void Deno.stdout.writeSync(new TextEncoder().encode("7 of 9\\n")));
  `);
  assertEquals(lines.filter((line) => line !== ""), ["7 of 9", "ok | 1 passed | 0 failed"]);
});

Deno.test("the test runner prints a failure in full, and exits with status 1", async () => {
  const { code, lines } = await run(`
    Deno.test("passes", () => {});
    Deno.test("fails", () => { throw new Error("why it fails"); });
  `);
  assertEquals(code, 1);
  for (const line of ["error: Error: why it fails", "FAILED | 1 passed | 1 failed"]) {
    assertEquals(lines.includes(line), true, lines.join("\n"));
  }
});

Deno.test("the test runner fails if it cannot load a test file", async () => {
  assertEquals((await run(`import "./missing.ts";`)).code, 1);
});
