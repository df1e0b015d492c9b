import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { simulate } from "../../../../src/scaling/simulate/simulate.ts";
import { UNKIND, type World } from "../../../../src/scaling/simulate/world.ts";
import { DEFAULTS } from "./limits.ts";

/** Random delays of the metrics, up to three minutes, and a random CPU of booting instances. */
const world: fc.Arbitrary<World> = fc.record({
  metricDelay: fc.integer({ min: 0, max: 180 }),
  evaluationLag: fc.integer({ min: 0, max: 30 }),
  period: fc.constantFrom<World["period"]>(60, 60, 300),
  bootCpu: fc.integer({ min: 0, max: 100 }),
  seed: fc.nat(),
}).map((some) => ({ ...UNKIND, ...some }));

/** A random constant load, as the number of instances that it keeps busy. */
const demand = fc.double({ min: 0, max: 7.9, noNaN: true });

const RUNS = { numRuns: 100 };

Deno.test("under a constant load, kas makes no scale-in that overloads the remaining instances", () => {
  fc.assert(
    fc.property(demand, world, fc.integer({ min: 1, max: 10 }), (demand, world, from) => {
      const { inService } = simulate({
        load: { fleet: 10, seconds: 3_600, demand: () => demand },
        limits: DEFAULTS,
        world,
        inService: from,
      });
      const served = inService.findIndex((count) => count > demand);
      const after = inService.slice(served);
      assert(served >= 0, "never served");
      assert(after.every((count) => count > demand), `${Math.min(...after)} in service`);
    }),
    RUNS,
  );
});

Deno.test("two simulations with the same load, limits and seed have the same result", () => {
  fc.assert(
    fc.property(demand, world, (demand, world) => {
      const run = () =>
        simulate({
          load: { fleet: 6, seconds: 1_200, demand: () => demand },
          limits: DEFAULTS,
          world,
        });
      assertEquals(run(), run());
    }),
    { numRuns: 10 },
  );
});
