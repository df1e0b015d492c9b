import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Measures, Tally } from "../../../../src/scaling/simulate/measures.ts";

const COUNT = { starts: 0, stops: 0 };

/** Returns the measures of seconds with a need and a number of instances in service. */
function measured(seconds: readonly (readonly [needed: number, inService: number])[]): Measures {
  const tally = new Tally();
  for (const [needed, inService] of seconds) tally.add(needed, inService, inService);
  return tally.measures(COUNT);
}

const seconds = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })), {
  minLength: 1,
});

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

Deno.test("the measures of a short series are those of the formulas", () => {
  // Missing 1 of 4, then exact, then 2 more than 1, then 1 more than 2.
  assertEquals(measured([[4, 3], [2, 2], [1, 3], [2, 3]]), {
    under: 1,
    over: 3,
    ...COUNT,
    underShare: 1 / 4,
    overShare: 3 / 9,
    thetaU: 100 * (1 / 4) / 4,
    thetaO: 100 * (2 + 1 / 2) / 4,
    tauU: 25,
    tauO: 50,
    billed: 11,
  });
});

Deno.test("the measures of two parts add up to the measures of the whole", () => {
  fc.assert(fc.property(seconds, seconds, (a, b) => {
    const [first, second, whole] = [measured(a), measured(b), measured([...a, ...b])];
    for (const key of ["under", "over", "billed"] as const) {
      assertEquals(first[key] + second[key], whole[key]);
    }
    for (const key of ["thetaU", "thetaO", "tauU", "tauO"] as const) {
      const weighted = first[key] * a.length + second[key] * b.length;
      assert(near(weighted / (a.length + b.length), whole[key]), key);
    }
  }));
});

Deno.test("one more instance in each second never makes the fleet shorter, and never less over-provisioned", () => {
  fc.assert(fc.property(seconds, (some) => {
    const less = measured(some);
    const more = measured(some.map(([needed, inService]) => [needed, inService + 1]));
    assert(more.under <= less.under && more.thetaU <= less.thetaU && more.tauU <= less.tauU);
    assert(more.over >= less.over && more.thetaO >= less.thetaO && more.tauO >= less.tauO);
  }));
});

Deno.test("the measures of no time are zero", () => {
  assertEquals(new Set(Object.values(new Tally().measures(COUNT))), new Set([0]));
});
