import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { loadPoints, type Membership, type Usage } from "../../../../src/autoscaler/telemetry/periods.ts";

/** Returns usages of 5 s that end at `end`, the last percent last. */
function usages(end: number, ...percents: readonly number[]): Usage[] {
  return percents.map((percent, i) => {
    const to = end - (percents.length - 1 - i) * 5_000;
    return { from: to - 5_000, to, percent };
  });
}

/** Returns what an observation showed: instances with the time since when they serve. */
function look(at: number, since: Readonly<Record<string, number>>): Membership {
  return { at, since: new Map(Object.entries(since)) };
}

const NOW = 100_000;
const LAST = { end: NOW, span: 10_000, count: 1 };

Deno.test("a point is the mean of the instances that served the whole period", () => {
  const all = new Map([["a", usages(NOW, 10, 40, 60)], ["b", usages(NOW, 10, 70, 90)]]);
  assertEquals(loadPoints(all, [look(80_000, { a: 0, b: 0 })], LAST), [
    { at: 90_000, span: 10_000, percent: 65, served: 2, serving: 2 },
  ]);
});

Deno.test("a point has the mean of the busiest CPUs, and an instance without a sample counts as the busiest", () => {
  const with4 = (percent: number) =>
    usages(NOW, percent / 4, percent / 4).map((it) => ({ ...it, busiest: percent }));
  const all = new Map([["a", with4(40)], ["b", with4(80)]]);
  const [both] = loadPoints(all, [look(80_000, { a: 0, b: 0 })], LAST);
  assertEquals([both?.percent, both?.busiest], [15, 60]);
  const [third] = loadPoints(all, [look(80_000, { a: 0, b: 0, c: 0 })], LAST);
  assertEquals([third?.percent, third?.busiest, third?.missing], [50 / 3, 200 / 3, 1]);
});

Deno.test("an instance that came into service or left in the period does not count in the mean", () => {
  const all = new Map([["a", usages(NOW, 40, 40)], ["b", usages(NOW, 100, 100)], [
    "c",
    usages(NOW, 100, 100),
  ]]);
  const looks = [look(85_000, { a: 0, c: 0 }), look(95_000, { a: 0, b: 92_000 })];
  assertEquals(loadPoints(all, looks, LAST), [
    { at: 90_000, span: 10_000, percent: 40, served: 1, serving: 2 },
  ]);
});

Deno.test("an instance that left service and came back in the period does not count", () => {
  const all = new Map([["a", usages(NOW, 40, 40)], ["b", usages(NOW, 90, 90)]]);
  const looks = [look(85_000, { a: 0, b: 0 }), look(98_000, { a: 0, b: 96_000 })];
  assertEquals(loadPoints(all, looks, LAST)[0]?.served, 1);
});

Deno.test("an instance without a sample counts as the busiest", () => {
  const all = new Map([["a", usages(NOW, 20, 20)], ["b", usages(NOW, 80, 80)]]);
  assertEquals(loadPoints(all, [look(80_000, { a: 0, b: 0, c: 0, d: 0 })], LAST), [
    { at: 90_000, span: 10_000, percent: 65, served: 4, serving: 4, missing: 2 },
  ]);
});

Deno.test("an instance without a sample that left service right after the period does not count", () => {
  const all = new Map([["a", usages(NOW, 66, 66)]]);
  const before = look(80_000, { a: 0, b: 0 });
  const alone = { at: 90_000, span: 10_000, percent: 66, served: 1, serving: 1 };
  assertEquals(loadPoints(all, [before, look(NOW + 3_000, { a: 0 })], LAST), [alone]);
  // It left long after: in the period it served, so its lost sample counts.
  const counted = { ...alone, served: 2, serving: 2, missing: 1 };
  assertEquals(loadPoints(all, [before, look(NOW + 12_000, { a: 0 })], LAST), [counted]);
});

Deno.test("a usage over a lost scrape counts, and one that covers less than half of the period does not", () => {
  const looks = [look(80_000, { a: 0 })];
  const whole = new Map([["a", [{ from: 85_000, to: 96_000, percent: 50 }]]]);
  assertEquals(loadPoints(whole, looks, LAST)[0]?.percent, 50);
  const little = new Map([["a", [{ from: 85_000, to: 94_000, percent: 50 }]]]);
  assertEquals(loadPoints(little, looks, LAST), []);
});

Deno.test("the number in service changes at each look", () => {
  const all = new Map([["a", usages(NOW, 50, 50)]]);
  const looks = [look(80_000, { a: 0 }), look(92_000, { a: 0, b: 91_000, c: 91_000 })];
  assertEquals(loadPoints(all, looks, LAST)[0]?.serving, 2.6);
});

Deno.test("a period without samples or without instances has no point", () => {
  assertEquals(loadPoints(new Map(), [look(80_000, { a: 0 })], LAST), []);
  assertEquals(loadPoints(new Map([["a", usages(NOW, 5, 5)]]), [look(80_000, {})], LAST), []);
  assertEquals(loadPoints(new Map([["a", usages(NOW, 5, 5)]]), [], LAST), []);
});

Deno.test("periods follow one another without a gap, and whatever is missing never lowers the load", () => {
  const percent = fc.integer({ min: 0, max: 100 });
  const instance = fc.array(percent, { minLength: 12, maxLength: 12 });
  const lost = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
  fc.assert(fc.property(fc.array(instance, { minLength: 4, maxLength: 4 }), lost, (all, lost) => {
    const looks = [look(0, { 0: 0, 1: 0, 2: 0, 3: 0 })];
    const range = { end: NOW, span: 10_000, count: 6 };
    const whole = new Map(all.map((percents, id) => [String(id), usages(NOW, ...percents)]));
    const points = loadPoints(whole, looks, range);
    assertEquals(points.map(({ at }) => at), [40_000, 50_000, 60_000, 70_000, 80_000, 90_000]);
    const some = new Map([...whole].filter((_, i) => !lost[i]));
    const reduced = loadPoints(some, looks, range);
    for (const [i, point] of reduced.entries()) {
      const kept = [...some.keys()].map((id) => whole.get(id) ?? []);
      const mean = kept.reduce((sum, it) =>
        sum + ((it[2 * i]?.percent ?? 0) + (it[2 * i + 1]?.percent ?? 0)) / 2, 0) /
        kept.length;
      assertEquals(point.percent >= mean - 1e-9, true);
      assertEquals(point.served, 4);
    }
  }));
});
