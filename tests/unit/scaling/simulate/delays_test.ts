/**
 * Simulates loads on a fleet whose metrics are up to three minutes late, and whose instances use their whole CPU while they boot.
 *
 * At commit 102e2ca, kas still used datapoints from before the last change of capacity. There, an hour of constant load that
 * needs 2 of 10 instances caused 24 starts and 21 stops with metrics that were 90 s late.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { NINE_STEPS } from "../../../../src/admin/sandbox/scenario/nine_steps.ts";
import { simulate } from "../../../../src/scaling/simulate/simulate.ts";
import { UNKIND, type World } from "../../../../src/scaling/simulate/world.ts";
import { DEFAULTS } from "./limits.ts";

/** How late the metrics are, in seconds. */
const DELAYS = [0, 60, 90, 120, 180];

const SEEDS = [1, 2, 3, 4, 5];

const HOUR = 3_600;

function worlds(metricDelay: number): World[] {
  return SEEDS.map((seed) => ({ ...UNKIND, metricDelay, seed }));
}

/** An hour of a load that needs so many of 10 instances. */
function constant(need: number): { fleet: number; seconds: number; demand: () => number } {
  return { fleet: 10, seconds: HOUR, demand: () => 0.8 * (need - 0.5) };
}

for (const metricDelay of DELAYS) {
  for (const need of [2, 5, 9]) {
    Deno.test(`a constant load for the ${need} running instances causes at most one start and one stop, with metrics ${metricDelay} s late`, () => {
      for (const world of worlds(metricDelay)) {
        const { starts, stops } = simulate({
          load: constant(need),
          limits: DEFAULTS,
          world,
          inService: need,
        });
        assert(starts <= 1 && stops <= 1, `${starts} starts, ${stops} stops, seed ${world.seed}`);
      }
    });

    Deno.test(`a fleet with 1 instance reaches the ${need} instances for a constant load in 30 min, never 3 more, with metrics ${metricDelay} s late`, () => {
      for (const world of worlds(metricDelay)) {
        const { actions, inService, mostAboveNeed } = simulate({
          load: constant(need),
          limits: DEFAULTS,
          world,
        });
        const last = Math.max(...actions.map(({ at }) => at));
        assert(last <= HOUR / 2, `an action after ${last} s, seed ${world.seed}`);
        assert(mostAboveNeed <= 2, `${mostAboveNeed} above what is needed, seed ${world.seed}`);
        assert((inService.at(-1) ?? 0) >= need);
      }
    });
  }

  Deno.test(`a constant load just above the threshold of one instance causes no stop in three hours, with metrics ${metricDelay} s late`, () => {
    for (const world of worlds(metricDelay)) {
      const load = { fleet: 10, seconds: 3 * HOUR, demand: () => 0.8 * 1.02 };
      const { stops } = simulate({ load, limits: DEFAULTS, world, inService: 2 });
      assertEquals(stops, 0, `seed ${world.seed}`);
    }
  });

  Deno.test(`kas serves a load step from 1 to 6 instances within boot time, metric delay and 15 min, with metrics ${metricDelay} s late`, () => {
    const step = 600;
    const { boot: [, boot], register, period, evaluationLag } = UNKIND;
    const most = boot + register + period + metricDelay + evaluationLag + 900;
    for (const world of worlds(metricDelay)) {
      const { inService } = simulate({
        load: { fleet: 10, seconds: HOUR, demand: (second) => (second < step ? 0.4 : 0.8 * 5.5) },
        limits: DEFAULTS,
        world,
      });
      const served = inService.findIndex((count, second) => second >= step && count >= 6);
      assert(served >= 0 && served - step <= most, `${served - step} s of ${most} s, seed ${world.seed}`);
    }
  });
}

for (const metricDelay of [0, 60, 120]) {
  Deno.test(`the nine steps of ten minutes each end with the expected instances, with metrics ${metricDelay} s late`, () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const { inService } = simulate({
        // A client uses a third of the CPU of an instance.
        load: {
          fleet: 4,
          seconds: 600 * NINE_STEPS.length,
          demand: (second) => (NINE_STEPS[Math.floor(second / 600)]?.clients.length ?? 0) / 3,
        },
        limits: DEFAULTS,
        world: { ...UNKIND, metricDelay, seed },
      });
      assertEquals(
        NINE_STEPS.map((_, i) => inService[600 * (i + 1) - 1]),
        NINE_STEPS.map(({ expected }) => expected),
        `seed ${seed}`,
      );
    }
  });
}

Deno.test("a constant load causes oscillation if datapoints from before the last change of capacity count", () => {
  const most = Math.max(
    ...worlds(180).map((world) => {
      const limits = { ...DEFAULTS, metricDelay: 0 };
      const { starts, stops } = simulate({ load: constant(2), limits, world, trustOldReadings: true });
      return Math.min(starts, stops);
    }),
  );
  assert(most >= 10, `${most} stops`);
});
