import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Learner } from "../../../../../src/scaling/policies/adaptive/learner.ts";
import { RULES } from "../../../../../src/scaling/policies/adaptive/rules.ts";
import { CIRCUMSTANCES, dailyPeak, DAY, feed, HOUR, MINUTE, SETTINGS, START, viewOf } from "./loads.ts";

function learner(to: number): Learner {
  const learner = new Learner(SETTINGS);
  feed(learner, dailyPeak, { to });
  return learner;
}

Deno.test("a sample that is not newer than the last one changes nothing", () => {
  const known = learner(2 * HOUR);
  const before = viewOf(known);
  for (const at of [2 * HOUR, 2 * HOUR - MINUTE, 2 * HOUR - 4 * MINUTE]) {
    known.note({ at: START + at, span: MINUTE, demand: 19 }, CIRCUMSTANCES);
  }
  assertEquals(viewOf(known), before);
});

Deno.test("a sample that is not a number changes nothing", () => {
  const known = learner(2 * HOUR);
  const before = viewOf(known);
  const at = START + 2 * HOUR + MINUTE;
  const bad = [
    { at, span: MINUTE, demand: NaN },
    { at, span: MINUTE, demand: -1 },
    { at, span: MINUTE, demand: Infinity },
    { at, span: 0, demand: 1 },
    { at: NaN, span: MINUTE, demand: 1 },
  ];
  for (const sample of bad) known.note(sample, CIRCUMSTANCES);
  assertEquals(viewOf(known), before);
});

Deno.test("overlapping periods count once", () => {
  const known = learner(2 * HOUR);
  for (let i = 1; i <= 6; i++) {
    known.note({ at: START + 2 * HOUR + i * 10_000, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  }
  assertEquals(viewOf(known).measured, 2 * HOUR + MINUTE);
});

Deno.test("a gap in time does not count as measured, and the capacity before it is not held", () => {
  const known = learner(12 * HOUR + 10 * MINUTE);
  const { measured, chosen } = viewOf(known);
  assertEquals(chosen.capacity >= 10, true);
  known.note({ at: START + 20 * HOUR, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  assertEquals(viewOf(known).measured, measured + MINUTE);
  assertEquals(viewOf(known).need, 3);
});

Deno.test("if the clock is set back, the learner goes on and keeps the records of the rules", () => {
  const known = learner(DAY);
  const before = viewOf(known);
  known.note({ at: START + 10 * HOUR, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  const after = viewOf(known);
  assertEquals(after.at, START + 10 * HOUR);
  assertEquals(after.measured, before.measured + MINUTE);
  assert(Math.abs(after.chosen.short - before.chosen.short) < 0.001);
  feed(known, dailyPeak, { from: 10 * HOUR, to: 3 * DAY });
  assertEquals(viewOf(known).at, START + 3 * DAY);
});

Deno.test("if the clock jumps ahead by years and back again, the learner goes on", () => {
  const known = learner(DAY);
  known.note({ at: START + 3_000 * DAY, span: MINUTE, demand: 2 }, CIRCUMSTANCES);
  feed(known, dailyPeak, { from: DAY, to: 3 * DAY });
  const { at, chosen, need } = viewOf(known);
  assertEquals([at, need], [START + 3 * DAY, 3]);
  assert(chosen.capacity >= 3 && chosen.capacity <= 20);
});

Deno.test("with any samples, the capacity is a whole number between the need and the maximum", () => {
  const samples = fc.array(
    fc.record({
      after: fc.oneof(fc.integer({ min: 1_000, max: 120_000 }), fc.integer({ min: -2 * DAY, max: 9 * DAY })),
      span: fc.constantFrom(10_000, 60_000, 300_000),
      demand: fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.double()),
      min: fc.integer({ min: 0, max: 5 }),
      max: fc.integer({ min: 0, max: 30 }),
      lead: fc.integer({ min: 0, max: 1_000_000 }),
    }),
    { minLength: 1, maxLength: 200 },
  );
  const settings = fc.record({
    utilization: fc.integer({ min: 1, max: 100 }),
    risk: fc.double({ min: 0, max: 1, noNaN: true }),
    maxSpare: fc.constantFrom(0, 1, 5, Infinity),
  });
  fc.assert(
    fc.property(samples, settings, (samples, settings) => {
      const known = new Learner(settings);
      let at = START;
      for (const { after, span, demand, min, max, lead } of samples) {
        at += after;
        const before = known.view()?.at;
        known.note({ at, span, demand }, { min: Math.min(min, max), max, lead });
        const view = known.view();
        if (view === undefined) continue;
        const { chosen } = view;
        assert(Number.isInteger(chosen.capacity));
        // The learner ignores a sample that ends when the last one ended, with its maximum too.
        if (view.at === at && view.at !== before) {
          assert(chosen.capacity >= Math.min(view.need, max) && chosen.capacity <= max);
        }
        assert((view.withoutCeiling ?? Infinity) > chosen.capacity);
        for (const record of [chosen, view.runnerUp, view.cheaper]) {
          if (record !== undefined) assert(record.short >= 0 && record.short <= 1 && record.spareShare >= 0);
        }
        assertEquals(JSON.parse(JSON.stringify(view)), view);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("there are 150 rules", () => {
  assertEquals(new Set(RULES.map((rule) => JSON.stringify(rule))).size, 150);
});
