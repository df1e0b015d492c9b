import { assertEquals } from "@std/assert";
import { NINE_STEPS, type Step } from "../../../../src/admin/sandbox/nine_steps.ts";
import { OK, type Seen, verdict, verdictRow } from "../../../../src/admin/sandbox/scenario_verdict.ts";

const STEP_3: Step = NINE_STEPS[2] ?? { step: 0, event: "", clients: [], expected: 0 };
const STEP_9: Step = NINE_STEPS[8] ?? { step: 0, event: "", clients: [], expected: 0 };
const SEEN: Seen = { inService: 2, least: 1, most: 2, requests: 500, errors: 0, cpu: [53.2, 54.4] };

Deno.test("verdict() is ok when the number is right at the end and never left the way there", () => {
  assertEquals(verdict(STEP_3, 1, SEEN), OK);
});

const WRONG: readonly [string, Partial<Seen>, string][] = [
  ["too few at the end", { inService: 1, most: 1 }, "FAILED: 1 in service at the end"],
  [
    "too many at the end",
    { inService: 3, most: 3 },
    "FAILED: 3 in service at the end, 3 in service on the way",
  ],
  ["too few for a moment", { least: 0 }, "FAILED: 0 in service on the way"],
  ["too many for a moment", { most: 3 }, "FAILED: 3 in service on the way"],
  ["a request that failed", { errors: 1 }, "FAILED: 1 of 500 requests failed"],
  ["clients that got no answer", { requests: 0 }, "FAILED: no request was answered"],
];
for (const [what, seen, expected] of WRONG) {
  Deno.test(`verdict() says what was wrong: ${what}`, () => {
    assertEquals(verdict(STEP_3, 1, { ...SEEN, ...seen }), expected);
  });
}

Deno.test("verdict() wants no requests where there are no clients", () => {
  assertEquals(verdict(STEP_9, 1, { ...SEEN, inService: 1, most: 1, requests: 0, cpu: [0] }), OK);
});

Deno.test("verdictRow() tells who was there and how busy each instance was", () => {
  assertEquals(verdictRow(STEP_3, SEEN, OK), {
    step: 3,
    event: "C starts",
    clients: "A B C",
    "in_service": 2,
    expected: 2,
    cpu: "53% 54%",
    verdict: "ok",
  });
  assertEquals(verdictRow(STEP_9, { ...SEEN, cpu: [undefined] }, OK).cpu, "-");
});
