import { assert, assertEquals } from "@std/assert";
import { displayWidth } from "../../../../../src/cli/text.ts";
import { NINE_STEPS } from "../../../../../src/admin/sandbox/scenario/nine_steps.ts";
import {
  formatDecision,
  render,
  type ScenarioFrame,
} from "../../../../../src/admin/sandbox/scenario/view.ts";

const FRAME: ScenarioFrame = {
  title: "Nine steps",
  steps: NINE_STEPS.slice(0, 4),
  done: [
    { step: 1, event: "A starts", clients: "A", "in_service": 1, expected: 1, cpu: "33%", result: "ok" },
    {
      step: 2,
      event: "B starts",
      clients: "A B",
      "in_service": 2,
      expected: 1,
      cpu: "34% 33%",
      result: "FAILED: 2 in service at the end",
    },
  ],
  inService: 1,
  left: 7.2,
  instances: [
    { id: "i-1", name: "kas-base", role: "base", state: "running", registration: "in-service", cpu: 75 },
    { id: "i-2", name: "kas-node-1", role: "node", state: "pending", registration: "none", cpu: undefined },
  ],
  requests: 610,
  errors: 0,
  decisions: [{
    time: "2026-11-23T22:14:03.000Z",
    kind: "start",
    instance: "i-2",
    status: "in-progress",
    reason: "cpuhigh of i-1 went from OK to ALARM",
  }],
};

Deno.test("render() shows the scenario's steps, the instances, the load and the latest decisions", () => {
  assertEquals(
    render(FRAME, 100).join("\n"),
    `\
Nine steps

   STEP  EVENT     CLIENTS  IN SERVICE  EXPECTED  CPU      RESULT
✓  1     A starts  A        1           1         33%      ok
✗  2     B starts  A B      2           1         34% 33%  FAILED: 2 in service at the end
▶  3     C starts  A B C    1           2         75%      8 s left
   4     D starts  A B C D              2

   NAME        INSTANCE  STATE    BALANCER     CPU
   kas-base    i-1       running  in-service   75%  ███████████████
   kas-node-1  i-2       pending  none

  610 requests, 0 failed

  22:14:03 start i-2 (in-progress): cpuhigh of i-1 went from OK to ALARM`,
  );
});

Deno.test("render() keeps every line within the width of the terminal", () => {
  for (const line of render(FRAME, 40)) assert(displayWidth(line) < 40, line);
});

Deno.test("formatDecision() returns one line for a decision without an action", () => {
  const decision = {
    time: "2026-11-23T22:14:03Z",
    kind: "none",
    instance: null,
    status: null,
    reason: "cooldown:\nno",
  };
  assertEquals(formatDecision(decision), "22:14:03 no action: cooldown: no");
  const repeated = { ...decision, reason: "No action: none of 4 alarms asks for a change." };
  assertEquals(formatDecision(repeated), "22:14:03 no action: none of 4 alarms asks for a change.");
});
