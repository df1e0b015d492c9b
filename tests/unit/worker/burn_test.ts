import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { burn } from "../../../src/worker/burn.ts";

Deno.test("burn() reads the clock every 2,048 iterations and ends when the given time has passed", () => {
  let time = 1_000;
  let looks = 0;
  const { w, seconds } = burn(20, () => false, () => {
    if (looks++ > 0) time += 8;
    return time;
  });
  assertEquals(looks, 4);
  assertEquals(seconds, 0.024);
  assertEquals(w, loop(3 * 2_048));
});

Deno.test("burn() ends early when its stop function returns true", () => {
  let asked = 0;
  let time = 0;
  const { seconds } = burn(1_000, () => ++asked > 2, () => time++);
  assertEquals(seconds, 0.002);
});

Deno.test("burn() takes at least the requested time", () => {
  assertGreaterOrEqual(burn(20, () => false).seconds * 1_000, 20);
});

/** The integer loop of the server that kas replaces. */
function loop(iterations: number): number {
  let w = 0;
  for (let i = 0; i < iterations; i++) {
    w = w ^ i;
    w = (w * i) % 65_536;
  }
  return w;
}
