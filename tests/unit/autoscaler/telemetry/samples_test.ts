import { assertEquals, assertLess } from "@std/assert";
import { Samples } from "../../../../src/autoscaler/telemetry/samples.ts";
import type { Scrape } from "../../../../src/autoscaler/telemetry/scraper.ts";

const INTERVAL = 5_000;
const KEEP = 600_000;

/** A scrape of an instance whose CPU was `percent` since the scrape before. */
function scrape(id: string, at: number, percent?: number): Scrape {
  const cpu = percent === undefined
    ? {}
    : { cpu: { mean: percent, busiest: percent }, before: at - INTERVAL, exporter: "node_exporter" as const };
  return { id, at, samples: new Map(), ...cpu, ...(percent === undefined ? { problem: "refused" } : {}) };
}

Deno.test("the last scrape of an instance has its problem, and when the instance last answered", () => {
  const samples = new Samples();
  samples.addRound([scrape("a", 5_000, 50)], 5_000, INTERVAL, KEEP);
  samples.addRound([scrape("a", 10_000)], 10_000, INTERVAL, KEEP);
  assertEquals(samples.last.get("a"), {
    at: 10_000,
    answered: 5_000,
    exporter: "node_exporter",
    problem: "refused",
  });
  samples.addRound([scrape("a", 15_000, 50)], 15_000, INTERVAL, KEEP);
  assertEquals(samples.last.get("a"), { at: 15_000, answered: 15_000, exporter: "node_exporter" });
  samples.addRound([], 20_000, INTERVAL, KEEP);
  assertEquals(samples.last.size, 0);
});

Deno.test("after the clock was set back, the samples from before do not count", () => {
  const samples = new Samples();
  samples.addMembership({ at: 990_000, since: new Map([["a", 0]]) });
  for (const at of [995_000, 1_000_000]) samples.addRound([scrape("a", at, 90)], at, INTERVAL, KEEP);
  assertEquals(samples.short(INTERVAL).map(({ percent }) => percent), [90]);
  samples.addMembership({ at: 100_000, since: new Map([["a", 0]]) });
  for (const at of [105_000, 110_000]) samples.addRound([scrape("a", at, 20)], at, INTERVAL, KEEP);
  assertEquals(samples.short(INTERVAL).map(({ percent }) => percent), [20]);
});

Deno.test("who was in service is known from the last change on, however long ago that was", () => {
  const samples = new Samples();
  samples.addMembership({ at: 0, since: new Map([["a", 0]]) });
  const begin = 30_000_000;
  samples.addMembership({ at: begin + 60_000, since: new Map([["a", 0], ["b", begin + 60_000]]) });
  for (let at = begin; at <= begin + 120_000; at += INTERVAL) {
    samples.addRound(
      [{ ...scrape("a", at), cpu: { mean: 50, busiest: 90 }, before: at - INTERVAL }],
      at,
      INTERVAL,
      KEEP,
    );
  }
  const [first] = samples.long(INTERVAL, 60_000);
  assertEquals([first?.served, first?.serving, first?.percent, first?.busiest], [1, 1, 50, 90]);
  assertEquals(samples.between(begin, begin + 120_000)?.serving, 1.5);
});

Deno.test("an instance that kas has deregistered does not count as the busiest, also before the next observation", () => {
  const samples = new Samples();
  samples.addMembership({ at: 0, since: new Map([["a", 0], ["b", 0]]) });
  const round = (at: number, b?: number) =>
    samples.addRound([scrape("a", at, 66), scrape("b", at, b)], at, INTERVAL, KEEP);
  for (const at of [5_000, 10_000]) round(at, 30);
  samples.noteLeft("b", 10_500);
  samples.noteLeft("unknown", 10_600);
  for (const at of [15_000, 20_000]) round(at);
  const newest = samples.short(INTERVAL).at(-1);
  assertEquals([newest?.percent, newest?.served, newest?.missing], [66, 1, undefined]);
});

Deno.test("an observation that began before an instance left takes nothing back, and forgets nothing", () => {
  const samples = new Samples();
  const both = new Map([["a", 0], ["b", 0]]);
  samples.addMembership({ at: 0, since: both });
  samples.noteLeft("b", 61_000);
  samples.addMembership({ at: 60_000, since: both });
  for (let at = 0; at <= 120_000; at += INTERVAL) samples.addRound([scrape("a", at, 50)], at, INTERVAL, KEEP);
  assertEquals(samples.between(60_000, 120_000)?.served, 1);
  assertEquals(samples.between(0, 60_000)?.percent, 50);
});

Deno.test("the memory of the samples is bounded, with and without scrapes", () => {
  const samples = new Samples();
  for (let at = 0; at < 40_000_000; at += 5_000) {
    samples.addMembership({ at, since: new Map([["a", 0], [`b${at}`, at]]) });
  }
  const begun = performance.now();
  for (let at = 40_000_000; at < 41_000_000; at += INTERVAL) {
    samples.addMembership({ at, since: new Map([["a", 0]]) });
    samples.addRound([scrape("a", at, 50)], at, INTERVAL, KEEP);
  }
  assertEquals(samples.long(INTERVAL, 300_000).length, 6);
  assertEquals(samples.between(1_000_000, 1_060_000), undefined);
  assertLess(performance.now() - begun, 5_000);
});
