import { assertEquals } from "@std/assert";
import { FORECASTS, RULES } from "../../../../../src/scaling/policies/adaptive/rules.ts";
import { instancesFor, Targets } from "../../../../../src/scaling/policies/adaptive/targets.ts";
import { MINUTE, START } from "./loads.ts";

const FREE = { min: 1, max: 100, maxSpare: Infinity };

/** Returns the capacity of a rule whose forecast is not `now`. */
function capacityOf(all: Float64Array, factor: number, spare: number, hold: number): number | undefined {
  return all[
    RULES.findIndex((rule) =>
      rule.forecast === "day" && rule.factor === factor && rule.spare === spare && rule.hold === hold
    )
  ];
}

/** Adds a demand and the forecast of all rules. */
function add(targets: Targets, minute: number, demand: number, forecast: number): void {
  const forecasts = FORECASTS.map((it) => it === "now" ? demand : forecast);
  targets.add(START + minute * MINUTE, forecasts, 0.8);
}

Deno.test("a rule multiplies its forecast, rounds up, and adds its spare instances", () => {
  const targets = new Targets();
  add(targets, 0, 1, 4);
  assertEquals(capacityOf(targets.all(FREE), 1, 0, 120_000), 5);
  assertEquals(capacityOf(targets.all(FREE), 1.5, 2, 120_000), 10);
  assertEquals(capacityOf(targets.all({ ...FREE, max: 9 }), 1.5, 2, 120_000), 9);
  assertEquals(capacityOf(targets.all({ ...FREE, min: 7 }), 1, 0, 120_000), 7);
});

Deno.test("a rule never recommends less than the need", () => {
  const targets = new Targets();
  add(targets, 0, 8, 1);
  assertEquals(Math.min(...targets.all(FREE)), 10);
});

Deno.test("a rule keeps its highest capacity for its hold", () => {
  const targets = new Targets();
  const after = (minute: number, hold: number) => {
    add(targets, minute, 1, 1);
    return capacityOf(targets.all(FREE), 1, 0, hold);
  };
  add(targets, 0, 1, 8);
  assertEquals(after(1, 120_000), 10);
  assertEquals(after(2, 120_000), 2);
  assertEquals(after(9, 600_000), 10);
  assertEquals(after(10, 600_000), 2);
  assertEquals(after(59, 3_600_000), 10);
  assertEquals(after(60, 3_600_000), 2);
});

Deno.test("the ceiling counts from the need of the last 2 min", () => {
  const targets = new Targets();
  add(targets, 0, 8, 8);
  add(targets, 5, 1, 1);
  assertEquals(capacityOf(targets.all({ ...FREE, maxSpare: 3 }), 1, 8, 3_600_000), 5);
  assertEquals(capacityOf(targets.all(FREE), 1, 8, 3_600_000), 18);
});

Deno.test("a demand for exactly n instances needs n, also with the rounding of 32 bits", () => {
  for (let n = 1; n <= 200; n++) {
    for (const utilization of [0.35, 0.6, 0.8, 0.95]) {
      assertEquals(instancesFor(Math.fround(n * utilization), utilization), n);
      assertEquals(instancesFor(n * utilization + 0.01, utilization), n + 1);
    }
  }
  assertEquals(instancesFor(0, 0.8), 0);
});
