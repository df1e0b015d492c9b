import { assertEquals, assertMatch } from "@std/assert";
import { NINE_STEPS, type ScenarioStep } from "../../../../../src/admin/sandbox/scenario/nine_steps.ts";
import {
  judgeStep,
  PASSED,
  resultRow,
  type StepObservation,
} from "../../../../../src/admin/sandbox/scenario/judge.ts";

const STEP_3: ScenarioStep = NINE_STEPS[2] ?? { step: 0, event: "", clients: [], expected: 0 };
const STEP_9: ScenarioStep = NINE_STEPS[8] ?? { step: 0, event: "", clients: [], expected: 0 };
const OBSERVED: StepObservation = {
  inService: 2,
  minInService: 1,
  maxInService: 2,
  requests: 500,
  errors: 0,
  cpu: [53.2, 54.4],
};

Deno.test("judgeStep() passes a step if the final number of instances is right and the number stayed within its range", () => {
  assertEquals(judgeStep(STEP_3, 1, OBSERVED), PASSED);
});

const FAULTS: readonly [string, Partial<StepObservation>, RegExp][] = [
  ["too few at the end", { inService: 1, maxInService: 1 }, /^FAILED: 1 .*end$/],
  ["too many at the end", { inService: 3, maxInService: 3 }, /^FAILED: 3 .*end, .*3 /],
  ["too few for a moment", { minInService: 0 }, /^FAILED: minimum 0 /],
  ["too many for a moment", { maxInService: 3 }, /^FAILED: maximum 3 /],
  ["a failed request", { errors: 1 }, /^FAILED: 1 of 500 /],
  ["no answered request", { requests: 0 }, /^FAILED: no /],
];
for (const [what, observed, expected] of FAULTS) {
  Deno.test(`judgeStep() fails a step with ${what}`, () => {
    assertMatch(judgeStep(STEP_3, 1, { ...OBSERVED, ...observed }), expected);
  });
}

Deno.test("judgeStep() expects no requests during a step without clients", () => {
  const observed = { ...OBSERVED, inService: 1, maxInService: 1, requests: 0, cpu: [0] };
  assertEquals(judgeStep(STEP_9, 1, observed), PASSED);
});

Deno.test("resultRow() contains the number of clients and the CPU of each instance", () => {
  assertEquals(resultRow(STEP_3, OBSERVED, PASSED), {
    step: 3,
    event: "C starts",
    clients: "A B C",
    "in_service": 2,
    expected: 2,
    cpu: "53% 54%",
    result: "ok",
  });
  assertEquals(resultRow(STEP_9, { ...OBSERVED, cpu: [undefined] }, PASSED)["cpu"], "-");
});
