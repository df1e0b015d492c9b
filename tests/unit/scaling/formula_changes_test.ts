import { assert, assertEquals } from "@std/assert";
import { explain } from "../../../src/scaling/explain.ts";
import type { FormulaSpec } from "../../../src/scaling/model/load/policy.ts";
import { limits } from "./cases.ts";
import { NOW, OBSERVATION, RECONCILE } from "./fixtures.ts";

/** Returns the changes of metrics that lead to another decision of a fleet with 3 instances in service. */
function changes(spec: Omit<FormulaSpec, "type">, value: number): string[] {
  const observation = {
    ...OBSERVATION,
    ...limits({ policies: [{ type: "formula", ...spec }], min: 1, max: 5 }),
    metrics: { backlog: { value, at: NOW, source: "SQS queue orders" } },
  };
  return explain(RECONCILE, observation).changes.map(({ change }) => change)
    .filter((change) => change.includes("backlog"));
}

Deno.test("an explanation says with which value of a metric a formula would lead to another decision", () => {
  const range = { atLeast: "backlog / 20", atMost: "backlog / 5" };
  assertEquals(changes(range, 30), ["with backlog at 61 instead of 30", "with backlog at 10 instead of 30"]);
  assertEquals(changes(range, 12_345.6), ["with backlog at 80 instead of 12345.6"]);
});

Deno.test("an explanation names no value of a metric without a formula that uses it", () => {
  assertEquals(changes({ capacity: "3" }, 30), []);
});

Deno.test("a decision by a formula names the metric and its age", () => {
  const observation = {
    ...OBSERVATION,
    ...limits({ policies: [{ type: "formula", capacity: "ceil(backlog / 10)" }], min: 1, max: 5 }),
    metrics: { backlog: { value: 45, at: NOW - 3_000, source: "SQS queue orders" } },
  };
  const { decision } = explain(RECONCILE, observation);
  assertEquals(decision.actions.map(({ kind }) => kind), ["start", "start"]);
  assert(decision.reason.startsWith("The formula ceil(backlog / 10) gives 5: backlog is 45, 3 s old."));
});
