import { assertEquals } from "@std/assert";
import { Demand } from "../../../../src/scaling/model/load/demand.ts";
import { costOf, HOURS, tariffOf } from "../../../../src/admin/backtest/price.ts";

const FROM = 600_000;

Deno.test("the demand of a minute is the sum of the CPU of all instances", () => {
  const demand = new Demand(FROM, 3);
  demand.add(FROM, 50, 1);
  demand.add(FROM, 75, 1);
  demand.add(FROM + 120_000, 40, 1);
  assertEquals(demand.rows(), [{ at: 600, value: 1.25, instances: 2 }, {
    at: 720,
    value: 0.4,
    instances: 1,
  }]);
  assertEquals(demand.missing, 1);
});

Deno.test("a datapoint of basic monitoring counts for five minutes, within the time", () => {
  const demand = new Demand(FROM, 3);
  demand.add(FROM - 60_000, 50, 5);
  assertEquals(demand.rows().map(({ value }) => value), [0.5, 0.5, 0.5]);
});

Deno.test("Demand ignores values that are no CPU, and counts saturated minutes", () => {
  const demand = new Demand(FROM, 2);
  for (const percent of [NaN, Infinity, -1]) demand.add(FROM, percent, 1);
  demand.add(FROM + 60_000, 100, 1);
  demand.add(FROM + 60_000, 95, 1);
  assertEquals([demand.rows().length, demand.saturated, demand.missing], [1, 1, 0]);
});

Deno.test("the cost is in dollars for one known type of instances, else in instance-hours", () => {
  assertEquals(costOf(7_200, tariffOf(["t3.micro", "t3.micro"], "us-east-1")), 2 * 0.0104);
  assertEquals(tariffOf(["t3.micro", "t3.small"], "us-east-1"), HOURS);
  assertEquals(tariffOf(["x9.huge"], "us-east-1"), HOURS);
  assertEquals(costOf(7_200, HOURS), 2);
});
