import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { MetricReading } from "../../../../src/scaling/model/load/view.ts";
import type { FormulaSpec } from "../../../../src/scaling/model/load/policy.ts";
import { formulaPolicy, namesOf } from "../../../../src/scaling/policies/formula.ts";
import { NOW, OBSERVATION } from "../fixtures.ts";

const SECOND = 1_000;

function backlog(value: number): Readonly<Record<string, MetricReading>> {
  return { backlog: { value, at: NOW - 12 * SECOND, source: "SQS queue orders" } };
}

/** Returns what a formula policy recommends for the fleet of the fixtures, which has 3 instances in service. */
function answer(
  spec: Omit<FormulaSpec, "type">,
  metrics: Readonly<Record<string, MetricReading>> = {},
  asNow = 3,
) {
  return formulaPolicy({ type: "formula", ...spec }, { ...OBSERVATION, metrics }, asNow);
}

Deno.test("the formula policy recommends the result of its formula, and says what the metrics were", () => {
  assertEquals(answer({ capacity: "ceil(backlog / 10)" }, backlog(35)), {
    policy: "formula",
    capacity: 4,
    reason: "The formula ceil(backlog / 10) gives 4: backlog is 35, 12 s old.",
  });
});

Deno.test("a formula can use the capacity, its bounds and the CPU", () => {
  const load = {
    source: "scrape" as const,
    short: [],
    long: [{ at: NOW - 60 * SECOND, span: 60 * SECOND, percent: 50, served: 3, serving: 3 }],
  };
  const spec = {
    type: "formula",
    capacity: "current * 1000 + in_service * 100 + min * 10 + max + cpu",
  } as const;
  const { capacity } = formulaPolicy(spec, { ...OBSERVATION, load }, 3);
  assertEquals(capacity, 3_000 + 300 + 10 + 5 + 50);
});

Deno.test("a formula can use the busiest CPU that scrapes show, and has no value with the means of CloudWatch", () => {
  const point = { at: NOW - 60 * SECOND, span: 60 * SECOND, percent: 26, served: 2, serving: 2 };
  const loaded = (more: object) =>
    formulaPolicy({ type: "formula", capacity: "in_service * cpu_busiest / 60" }, {
      ...OBSERVATION,
      load: { source: "scrape", short: [], long: [{ ...point, ...more }] },
    }, 3);
  assertEquals(loaded({ busiest: 90 }).capacity, 5);
  const { capacity, reason } = loaded({});
  assertEquals(capacity, undefined);
  assertStringIncludes(reason, "cpu_busiest is unknown: kas has no scrape that shows the busiest CPU");
});

Deno.test("a fraction is rounded up, but not a rounding error", () => {
  assertEquals(answer({ capacity: "2.1" }).capacity, 3);
  assertEquals(answer({ capacity: "0.1 * 30" }).capacity, 3);
  assertStringIncludes(answer({ capacity: "2.1" }).reason, "gives 2.1, so 3");
});

Deno.test("a result is at least 0 and at most the largest setting of --max", () => {
  assertEquals(answer({ capacity: "0 - 5" }).capacity, 0);
  assertEquals(answer({ capacity: "1e300" }).capacity, 100_000);
});

Deno.test("without a number the formula policy has no opinion, and says why", () => {
  const cases: [string, Readonly<Record<string, MetricReading>>, string][] = [
    ["backlog / 10", {}, "backlog is unknown"],
    [
      "backlog / 10",
      { backlog: { source: "SQS queue orders", why: "HTTP status 503." } },
      "backlog is unknown: HTTP status 503.",
    ],
    ["backlog / 10", backlog(NaN), "backlog is unknown"],
    ["backlog / 10", backlog(-Infinity), "backlog is unknown"],
    ["10 / backlog", backlog(0), "gives no number: backlog is 0"],
    ["backlog / backlog", backlog(0), "gives no number: backlog is 0"],
    ["cpu", {}, "cpu is unknown: kas has no current CPU of the fleet."],
    ["constructor + 1", {}, "constructor is unknown"],
    ["'a' + 1", {}, "has no value: expected numbers"],
  ];
  for (const [capacity, metrics, why] of cases) {
    const found = answer({ capacity }, metrics);
    assertEquals(found.capacity, undefined, capacity);
    assertStringIncludes(found.reason, why, capacity);
  }
});

Deno.test("a floor and a ceiling ask for nothing while the capacity is between them", () => {
  const range = { atLeast: "backlog / 100", atMost: "backlog / 10" };
  assertEquals(answer(range, backlog(200)).capacity, 3);
  assertStringIncludes(answer(range, backlog(200)).reason, "within the formulas");
  assertEquals(answer(range, backlog(900)).capacity, 9);
  assertStringIncludes(answer(range, backlog(900)).reason, "least capacity");
  assertEquals(answer(range, backlog(20)).capacity, 2);
  assertStringIncludes(answer(range, backlog(20)).reason, "largest capacity");
});

Deno.test("the floor wins over a lower ceiling", () => {
  assertEquals(answer({ atLeast: "2", atMost: "1" }).capacity, 2);
  assertEquals(answer({ atLeast: "5", atMost: "1" }).capacity, 5);
});

Deno.test("a floor asks for more without a ceiling, but a ceiling does not ask for less without the floor", () => {
  assertEquals(answer({ atLeast: "5", atMost: "backlog" }).capacity, 5);
  assertEquals(answer({ atLeast: "1", atMost: "backlog" }).capacity, undefined);
  assertEquals(answer({ atLeast: "backlog", atMost: "1" }).capacity, undefined);
  assertEquals(answer({ atLeast: "5" }).capacity, 5);
  assertEquals(answer({ atLeast: "1" }).capacity, 3);
  assertEquals(answer({ atMost: "1" }).capacity, 1);
});

Deno.test("a long formula is cut in the reason", () => {
  const { reason } = answer({ capacity: `1${" + 1".repeat(100)}` });
  assertStringIncludes(reason, "… gives 101");
  assert(reason.length < 150, reason);
});

Deno.test("namesOf() returns the names of all formulas of a policy", () => {
  assertEquals(namesOf({ type: "formula", atLeast: "a + min", atMost: "b" }), new Set(["a", "min", "b"]));
});

Deno.test("whatever the metrics are, the capacity is a whole number within the bounds of the setting, or no opinion", () => {
  const reading = fc.record(
    { value: fc.double(), at: fc.integer(), source: fc.string(), why: fc.string() },
    { requiredKeys: ["source"] },
  );
  const formula = fc.option(fc.constantFrom("a / b", "a * b + c", "max(a, b) - c", "a > b ? c : 1 / a"), {
    nil: undefined,
  });
  fc.assert(fc.property(
    fc.record({ a: reading, b: reading, c: reading }),
    fc.tuple(formula, formula),
    fc.nat(50),
    (metrics, [atLeast, atMost], asNow) => {
      const spec = {
        ...(atLeast === undefined ? {} : { atLeast }),
        ...(atMost === undefined ? {} : { atMost }),
      };
      const { capacity, reason } = answer(spec, metrics as Record<string, MetricReading>, asNow);
      assert(reason !== "");
      if (capacity === undefined) return;
      assert(Number.isInteger(capacity) && capacity >= 0 && capacity <= 100_000, `${capacity}`);
    },
  ));
});
