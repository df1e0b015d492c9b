/**
 * Load policies in the simulation, with scraped load and with CloudWatch's.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { NINE_STEPS } from "../../../../src/admin/sandbox/scenario/nine_steps.ts";
import type { PolicySpec } from "../../../../src/scaling/model/load/policy.ts";
import type { Load } from "../../../../src/scaling/simulate/load/load.ts";
import { simulate } from "../../../../src/scaling/simulate/simulate.ts";
import { UNKIND, type World } from "../../../../src/scaling/simulate/world.ts";
import { DEFAULTS } from "./limits.ts";

const SCRAPED: World = { ...UNKIND, scrapeDelay: 5 };

const WORLDS = { "scraped load": SCRAPED, "CloudWatch's load": UNKIND };

function target(percent: number): PolicySpec[] {
  return [{ type: "target", metric: "cpu", target: percent, stabilization: 300_000 }];
}

/** The nine steps of ten minutes each. A client uses a third of the CPU of an instance. */
const STEPS: Load = {
  fleet: 4,
  seconds: 600 * NINE_STEPS.length,
  demand: (second) => (NINE_STEPS[Math.floor(second / 600)]?.clients.length ?? 0) / 3,
};

for (const [name, world] of Object.entries(WORLDS)) {
  Deno.test(`the nine steps of ten minutes each end with the expected instances with target 75 and ${name}`, () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const { inService } = simulate({
        load: STEPS,
        limits: { ...DEFAULTS, policies: target(75) },
        world: { ...world, seed },
      });
      assertEquals(
        NINE_STEPS.map((_, i) => inService[600 * (i + 1) - 1]),
        NINE_STEPS.map(({ expected }) => expected),
        `seed ${seed}`,
      );
    }
  });

  Deno.test(`the target policy brings a constant load to its target, and then changes nothing, with ${name}`, () => {
    const { actions, inService } = simulate({
      load: { fleet: 10, seconds: 3_600, demand: () => 2.7 },
      limits: { ...DEFAULTS, policies: target(60) },
      world,
    });
    assertEquals(inService.at(-1), 5);
    assert(Math.max(...actions.map(({ at }) => at)) < 900);
  });
}

Deno.test("the target policy decides within seconds of a scrape, and minutes later with CloudWatch's load", () => {
  const step: Load = { fleet: 10, seconds: 1_800, demand: (second) => (second < 600 ? 0.5 : 3) };
  const first = (world: World) =>
    simulate({ load: step, limits: { ...DEFAULTS, policies: target(60) }, world }).actions[0]?.at ?? 0;
  const [scraped, late] = [first(SCRAPED), first(UNKIND)];
  assert(scraped > 600 && scraped <= 625, `${scraped}`);
  assert(late > 600 + UNKIND.metricDelay && late <= 660 + UNKIND.metricDelay + 60, `${late}`);
});
