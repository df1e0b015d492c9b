import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Datapoint,
  evaluate,
  evaluationRange,
  type Rule,
} from "../../../../src/sandbox/cloudwatch/alarm_evaluation.ts";
import { seededRandom as sandboxRandom } from "../../../../src/sandbox/random.ts";
import { SimulatedAlarms, THRESHOLDS } from "../../../../src/scaling/simulate/alarms.ts";
import { seededRandom } from "../../../../src/scaling/simulate/random.ts";
import { KIND } from "../../../../src/scaling/simulate/world.ts";

Deno.test("SimulatedAlarms evaluates alarms like the sandbox's CloudWatch", () => {
  const value = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
  fc.assert(fc.property(fc.array(value, { maxLength: 12 }), (values) => {
    const alarms = new SimulatedAlarms("kas", ["i-1"], KIND);
    const rule: Rule = {
      comparison: "GreaterThanOrEqualToThreshold",
      threshold: THRESHOLDS.cpuhigh,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      treatMissingData: "missing",
    };
    const range: (Datapoint | undefined)[] = [];
    let state = "INSUFFICIENT_DATA";
    values.forEach((value, i) => {
      const now = 60 * (i + 1);
      alarms.observe({
        began: now - 60,
        cpu: new Map(value === undefined ? [] : [["i-1", value]]),
        load: undefined,
      }, now);
      range.unshift(value === undefined ? undefined : { at: 1_000 * (now - 60), value, sampleCount: 1 });
      range.length = Math.min(range.length, evaluationRange(rule));
      state = evaluate(rule, range)?.state ?? state;
      assertEquals(alarms.describe().find(({ kind }) => kind === "cpuhigh")?.state, state);
    });
  }));
});

Deno.test("SimulatedAlarms delays evaluations by the delay of datapoints", () => {
  const alarms = new SimulatedAlarms("kas", ["i-1"], { ...KIND, evaluationLag: 10 });
  assertEquals(alarms.observe({ began: 0, cpu: new Map([["i-1", 90]]), load: undefined }, 60), []);
  assertEquals(alarms.observe(undefined, 69), []);
  assertEquals(alarms.observe(undefined, 70).map(({ kind, to }) => [kind, to]), [
    ["cpuhigh", "ALARM"],
    ["cpulow", "ALARM"],
  ]);
});

Deno.test("the simulator uses the same random numbers as the sandbox", () => {
  const [own, other] = [seededRandom(7), sandboxRandom(7)];
  for (let i = 0; i < 5; i++) assertEquals(own(), other());
});
