import { assert, assertEquals } from "@std/assert";
import { USABLE } from "../../../../../src/scaling/policies/adaptive/choice.ts";
import { Learner } from "../../../../../src/scaling/policies/adaptive/learner.ts";
import {
  CIRCUMSTANCES,
  dailyPeak,
  DAY,
  feed,
  HOUR,
  learned,
  MINUTE,
  SETTINGS,
  START,
  viewOf,
} from "./loads.ts";

Deno.test("in its first time the learner recommends the highest need of the last 2 min", () => {
  const steps = [2, 6, 3, 3, 3];
  const learner = new Learner(SETTINGS);
  const capacities = steps.map((demand, i) => {
    learner.note({ at: START + (i + 1) * MINUTE, span: MINUTE, demand }, CIRCUMSTANCES);
    return viewOf(learner).chosen.capacity;
  });
  assertEquals(capacities, [3, 8, 8, 4, 4]);
  assertEquals(viewOf(learner).cold, true);
});

Deno.test("the learner chooses after 20 min if its first rule was short three times, and after 2 h otherwise", () => {
  const coldAt = (load: (ms: number) => number, to: number) => learned(load, to).cold;
  const changing = (ms: number) => Math.floor(ms / (5 * MINUTE)) % 2 === 0 ? 2 : 6;
  assertEquals([coldAt(changing, 19 * MINUTE), coldAt(changing, 40 * MINUTE)], [true, undefined]);
  assertEquals([coldAt(() => 3, 119 * MINUTE), coldAt(() => 3, 120 * MINUTE)], [true, undefined]);
});

Deno.test("the learner has no view before the first sample", () => {
  assertEquals(new Learner(SETTINGS).view(), undefined);
});

Deno.test("at a constant load the learner recommends just what the load needs", () => {
  const { chosen, need, runnerUp } = learned(() => 2.9, 6 * HOUR);
  assertEquals(need, 4);
  assertEquals(chosen, {
    ...{ forecast: "now", factor: 1, spare: 0, hold: 120_000, capacity: 4 },
    ...{ short: 0, spareShare: 0, startsPerDay: 0 },
  });
  assert(runnerUp !== undefined);
});

Deno.test("after two days the learner starts instances before a peak that comes each day", () => {
  const before = 2 * DAY + 12 * HOUR - MINUTE;
  const view = learned(dailyPeak, before, { risk: 0.001 });
  assertEquals(view.chosen.forecast, "day");
  assertEquals(view.need, 3);
  assert(view.chosen.capacity >= 10, `${view.chosen.capacity} instances before a peak that needs 10`);
});

Deno.test("the learner does not follow a daily forecast in the first day", () => {
  const view = learned(dailyPeak, 25 * HOUR, { risk: 0.001 });
  assert(view.chosen.forecast !== "day" && view.chosen.forecast !== "week", view.chosen.forecast);
});

Deno.test("a smaller risk never costs less, and is short for a shorter time", () => {
  const noisy = (ms: number) => 4 + 3 * Math.sin(ms / (40 * MINUTE)) + ((ms / MINUTE) % 7) / 7;
  const views = [0.001, 0.01, 0.05, 0.2].map((risk) => learned(noisy, 2 * DAY, { risk }).chosen);
  const spares = views.map(({ spareShare }) => spareShare);
  assertEquals(spares, spares.toSorted((a, b) => b - a));
  const shorts = views.map(({ short }) => short);
  assertEquals(shorts, shorts.toSorted((a, b) => a - b));
  assert((spares[0] ?? 0) > (spares[3] ?? 0));
});

Deno.test("the ceiling of the spare instances bounds the capacity, at the price of a longer time in which it is short", () => {
  const spikes = (ms: number) => (ms / MINUTE) % 47 === 0 ? 12 : (ms / MINUTE) % 13 === 0 ? 4 : 2;
  const free = learned(spikes, DAY).chosen;
  const { chosen } = learned(spikes, DAY, { maxSpare: 2 });
  assertEquals([free.capacity, chosen.capacity], [15, 5]);
  assert(chosen.short > free.short);
});

Deno.test("the capacity is within the bounds, and the maximum wins", () => {
  const learner = new Learner(SETTINGS);
  const at = (min: number, max: number, i: number) => {
    learner.note({ at: START + i * MINUTE, span: MINUTE, demand: 4 }, { ...CIRCUMSTANCES, min, max });
    return viewOf(learner).chosen.capacity;
  };
  assertEquals([at(1, 20, 1), at(8, 20, 2), at(1, 3, 3), at(6, 4, 4)], [5, 8, 3, 4]);
});

Deno.test("the view names a cheaper rule that was short for longer than the risk", () => {
  const { chosen, cheaper } = learned(dailyPeak, 3 * DAY, { risk: 0.001 });
  assert(cheaper !== undefined);
  assert(cheaper.short > 0.0006 && cheaper.short > chosen.short);
  assert(cheaper.spareShare < chosen.spareShare);
  assertEquals(
    learned(dailyPeak, 3 * DAY, { risk: cheaper.short / USABLE }).chosen.short <= cheaper.short,
    true,
  );
});

Deno.test("ten-second samples and one-minute samples of the same load choose rules of the same cost", () => {
  const short = new Learner(SETTINGS);
  feed(short, dailyPeak, { to: 1.4 * DAY, span: 10_000 });
  const long = new Learner(SETTINGS);
  feed(long, dailyPeak, { to: 1.4 * DAY });
  assertEquals(viewOf(short).chosen.capacity, viewOf(long).chosen.capacity);
});

Deno.test("the nine steps of ten minutes have the right capacity at the end of each step", () => {
  const clients = [1, 2, 3, 4, 3, 2, 2, 1, 0];
  for (const span of [10_000, MINUTE]) {
    const learner = new Learner(SETTINGS);
    const capacities = clients.map((count, i) => {
      const step = { from: i * 10 * MINUTE, to: (i + 1) * 10 * MINUTE };
      feed(learner, () => count / 3, {
        ...step,
        span,
        circumstances: { min: 1, max: 4, lead: 100_000 + span },
      });
      return viewOf(learner).chosen.capacity;
    });
    assertEquals(capacities, [1, 1, 2, 2, 2, 1, 1, 1, 1], `${span} ms`);
  }
});
