import { assert, assertEquals } from "@std/assert";
import { demo } from "./demo.ts";

Deno.test("with the wrong alarm thresholds --cpu 42:60, step 2 or 3 of the demo fails, and the demo exits with status 1", async () => {
  // This runs faster than the demo, because only the thresholds matter: no step has to end with the expected number of
  // instances.
  const { code, rows, said } = await demo("--speed", "60", "--cpu", "42:60");
  assertEquals(code, 1, said);
  const failed = rows.filter(({ result }) => result !== "ok").map(({ step }) => step);
  assert(failed[0] === 2 || failed[0] === 3, `the failing steps: ${failed}`);
});
