import { assertEquals } from "@std/assert";
import {
  type Comparison,
  evaluate,
  evaluationRange,
  MISSING_DATA,
  type MissingData,
  type Rule,
  type State,
} from "../../../../src/sandbox/cloudwatch/alarm_evaluation.ts";

const rule: Rule = {
  comparison: "GreaterThanOrEqualToThreshold",
  threshold: 70,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  treatMissingData: "missing",
};

/** Parses a row of AWS's tables: X breaches, 0 does not, - is missing; the newest is on the right. */
function range(row: string) {
  return row.split(" ").reverse().map((mark, age) =>
    mark === "-"
      ? undefined
      : { at: Date.UTC(2019, 8, 2, 16, 59) - age * 60_000, value: mark === "X" ? 99.5 : 10, sampleCount: 1 }
  );
}

// Source of rows and states: CloudWatch user guide, "How alarm state is evaluated when data is missing". "keeps" is
// Retain current state.
const guide: readonly [m: number, row: string, states: Record<MissingData, string>][] = [
  [3, "0 - X - X", { missing: "OK", ignore: "OK", breaching: "OK", notBreaching: "OK" }],
  [3, "0 - - - -", { missing: "OK", ignore: "OK", breaching: "OK", notBreaching: "OK" }],
  [3, "- - - - -", { missing: "INSUFFICIENT_DATA", ignore: "keeps", breaching: "ALARM", notBreaching: "OK" }],
  [3, "0 X X - X", { missing: "ALARM", ignore: "ALARM", breaching: "ALARM", notBreaching: "ALARM" }],
  [3, "- - X - -", { missing: "ALARM", ignore: "keeps", breaching: "ALARM", notBreaching: "OK" }],
  [2, "0 - X - X", { missing: "ALARM", ignore: "ALARM", breaching: "ALARM", notBreaching: "ALARM" }],
  [2, "0 0 X 0 X", { missing: "ALARM", ignore: "ALARM", breaching: "ALARM", notBreaching: "ALARM" }],
  [2, "0 - X - -", { missing: "OK", ignore: "OK", breaching: "ALARM", notBreaching: "OK" }],
  [2, "- - - - 0", { missing: "OK", ignore: "OK", breaching: "ALARM", notBreaching: "OK" }],
  [2, "- - - X -", { missing: "ALARM", ignore: "keeps", breaching: "ALARM", notBreaching: "OK" }],
];

Deno.test("evaluate() returns the states in AWS's tables for N = 3", async (t) => {
  for (const [m, row, states] of guide) {
    await t.step(`datapoints to alarm ${m} of 3: ${row}`, () => {
      const found = Object.fromEntries(MISSING_DATA.map((treatMissingData) => {
        const alarm = { ...rule, evaluationPeriods: 3, datapointsToAlarm: m, treatMissingData };
        return [treatMissingData, evaluate(alarm, range(row))?.state ?? "keeps"];
      }));
      assertEquals(found, { ...states });
    });
  }
});

Deno.test("evaluate() does not raise an alarm for a single recent breaching datapoint", () => {
  const alarm = { ...rule, evaluationPeriods: 3, datapointsToAlarm: 3 };
  assertEquals(evaluate(alarm, range("- - - - X"))?.state, "OK");
  assertEquals(evaluate(alarm, range("- - - X -"))?.state, "OK");
});

Deno.test("evaluate() for 1 of 1 uses the newest datapoint, if it is in the evaluation range of three periods", () => {
  assertEquals(evaluationRange(rule), 3);
  assertEquals(["0 0 X", "X X 0", "X - -", "- - -"].map((row) => evaluate(rule, range(row))?.state), [
    "ALARM",
    "OK",
    "ALARM",
    "INSUFFICIENT_DATA",
  ]);
});

Deno.test("evaluate() compares datapoints with the threshold by each operator", async (t) => {
  const cases: readonly [Comparison, below: State, at: State, above: State][] = [
    ["GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"],
    ["GreaterThanThreshold", "OK", "OK", "ALARM"],
    ["LessThanThreshold", "ALARM", "OK", "OK"],
    ["LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"],
  ];
  for (const [comparison, ...states] of cases) {
    await t.step(comparison, () => {
      const found = [69.9, 70, 70.1].map((value) =>
        evaluate({ ...rule, comparison }, [{ at: 0, value, sampleCount: 1 }])?.state
      );
      assertEquals(found, states);
    });
  }
});

Deno.test("evaluate() returns the same state reasons as CloudWatch", async (t) => {
  const cases: readonly [name: string, rule: Partial<Rule>, row: string, reason: string][] = [
    [
      "1 of 1, ALARM",
      {},
      "- - X",
      "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (02/09/19 16:59:00)] was greater than or equal to the threshold (70.0) (minimum 1 datapoint for OK -> ALARM transition).",
    ],
    [
      "2 of 2, OK",
      { evaluationPeriods: 2, datapointsToAlarm: 2 },
      "- - 0 0",
      "Threshold Crossed: 2 out of the last 2 datapoints [10.0 (02/09/19 16:59:00), 10.0 (02/09/19 16:58:00)] were not greater than or equal to the threshold (70.0) (minimum 1 datapoint for ALARM -> OK transition).",
    ],
    ["no datapoints", {}, "- - -", "Insufficient Data: 1 datapoint was unknown."],
    [
      "nothing there, not breaching",
      { treatMissingData: "notBreaching" },
      "- - -",
      "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
    ],
  ];
  for (const [name, changes, row, reason] of cases) {
    await t.step(name, () => assertEquals(evaluate({ ...rule, ...changes }, range(row))?.reason, reason));
  }
});
