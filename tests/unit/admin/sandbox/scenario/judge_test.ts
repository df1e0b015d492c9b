import { assertEquals } from "@std/assert";
import { NINE_STEPS, type ScenarioStep } from "../../../../../src/admin/sandbox/scenario/nine_steps.ts";
import {
  judgeStep,
  PASSED,
  resultRow,
  type StepObservation,
} from "../../../../../src/admin/sandbox/scenario/judge.ts";

const STEP_3: ScenarioStep = NINE_STEPS[2] ?? { step: 0, event: "", clients: [], expected: 0 };
const STEP_9: ScenarioStep = NINE_STEPS[8] ?? { step: 0, event: "", clients: [], expected: 0 };
const SEEN: StepObservation = {
  inService: 2,
  minInService: 1,
  maxInService: 2,
  requests: 500,
  errors: 0,
  cpu: [53.2, 54.4],
};

Deno.test("verdict() is ok when the number is right at the end and never left the way there", () => {
  assertEquals(judgeStep(STEP_3, 1, SEEN), PASSED);
});

const WRONG: readonly [string, Partial<StepObservation>, string][] = [
  ["too few at the end", { inService: 1, maxInService: 1 }, "FAILED: 1 in service at the end"],
  [
    "too many at the end",
    { inService: 3, maxInService: 3 },
    "FAILED: 3 in service at the end, 3 in service on the way",
  ],
  ["too few for a moment", { minInService: 0 }, "FAILED: 0 in service on the way"],
  ["too many for a moment", { maxInService: 3 }, "FAILED: 3 in service on the way"],
  ["a request that failed", { errors: 1 }, "FAILED: 1 of 500 requests failed"],
  ["clients that got no answer", { requests: 0 }, "FAILED: no request was answered"],
];
for (const [what, seen, expected] of WRONG) {
  Deno.test(`verdict() says what was wrong: ${what}`, () => {
    assertEquals(judgeStep(STEP_3, 1, { ...SEEN, ...seen }), expected);
  });
}

Deno.test("verdict() wants no requests where there are no clients", () => {
  assertEquals(
    judgeStep(STEP_9, 1, { ...SEEN, inService: 1, maxInService: 1, requests: 0, cpu: [0] }),
    PASSED,
  );
});

Deno.test("verdictRow() tells who was there and how busy each instance was", () => {
  assertEquals(resultRow(STEP_3, SEEN, PASSED), {
    step: 3,
    event: "C starts",
    clients: "A B C",
    "in_service": 2,
    expected: 2,
    cpu: "53% 54%",
    verdict: "ok",
  });
  assertEquals(resultRow(STEP_9, { ...SEEN, cpu: [undefined] }, PASSED).cpu, "-");
});
