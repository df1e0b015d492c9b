import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SlidingMax } from "../../../../../src/scaling/policies/adaptive/sliding_max.ts";

Deno.test("a sliding maximum is the highest value that is younger than the span", () => {
  const steps = fc.array(
    fc.record({ after: fc.integer({ min: 1, max: 30 }), value: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 60 }), (steps, span) => {
    const sliding = new SlidingMax(span);
    const seen: { at: number; value: number }[] = [];
    let at = 0;
    for (const { after, value } of steps) {
      at += after;
      seen.push({ at, value });
      sliding.add(at, value);
      const young = seen.filter((it) => it.at > at - span).map((it) => it.value);
      assertEquals(sliding.highest, Math.max(...young));
    }
  }));
});

Deno.test("a sliding maximum without a value is 0", () => {
  assertEquals(new SlidingMax(60).highest, 0);
});
