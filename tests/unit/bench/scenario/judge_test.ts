import { assert, assertEquals } from "@std/assert";
import { compare, geometricMean, interpolated } from "../../../../bench/scenario/judge.ts";

function assertNear(actual: number, expected: number): void {
  assert(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

const CURVE = [[10, 100], [20, 50], [40, 10]] as const;

Deno.test("interpolated() is linear between points, constant after the last point, and has no value before the first", () => {
  assertEquals([10, 15, 30, 40, 99].map((place) => interpolated(CURVE, place)), [100, 75, 30, 10, 10]);
  assertEquals(interpolated(CURVE, 9), undefined);
  assertEquals(interpolated([], 9), undefined);
});

Deno.test("compare() gives the ratios at equal over-provisioning and at equal under-provisioned time", () => {
  const policy = [{ under: 400, over: 1_000, starts: 10 }, { under: 200, over: 3_000, starts: 30 }];
  const { under, over, starts } = compare(policy, [{ under: 300, over: 2_000, starts: 40 }]);
  assertNear(under, 1);
  assertNear(over, 1);
  assertNear(starts, 0.5);
  assertNear(compare(policy, [{ under: 900, over: 3_500, starts: 60 }]).under, 200 / 900);
});

Deno.test("compare() leaves a result of the peer out that is cheaper or safer than the policy can be", () => {
  const policy = [{ under: 400, over: 1_000, starts: 10 }];
  const cheaper = { under: 800, over: 500, starts: 1 };
  const { under, starts } = compare(policy, [cheaper, { under: 800, over: 1_000, starts: 5 }]);
  assertEquals([under, starts], [0.5, 2]);
  assertEquals(compare(policy, [cheaper]).under, NaN);
});

Deno.test("compare() takes less than a minute of under-provisioned time for a minute", () => {
  const policy = [{ under: 0, over: 1_000, starts: 0 }];
  assertEquals(compare(policy, [{ under: 120, over: 1_000, starts: 0 }]).under, 0.5);
});

Deno.test("geometricMean() of a number and its reciprocal is 1", () => {
  assertNear(geometricMean([4, 0.25]), 1);
});
