import { assert, assertEquals } from "@std/assert";
import { displayWidth } from "../../../../../src/cli/text.ts";
import { NINE_STEPS } from "../../../../../src/admin/sandbox/scenario/nine_steps.ts";
import {
  Canvas,
  formatDecision,
  render,
  type ScenarioFrame,
} from "../../../../../src/admin/sandbox/scenario/view.ts";

const SCENE: ScenarioFrame = {
  title: "Nine steps",
  steps: NINE_STEPS.slice(0, 4),
  done: [
    { step: 1, event: "A starts", clients: "A", "in_service": 1, expected: 1, cpu: "33%", verdict: "ok" },
    {
      step: 2,
      event: "B starts",
      clients: "A B",
      "in_service": 2,
      expected: 1,
      cpu: "34% 33%",
      verdict: "FAILED: 2 in service at the end",
    },
  ],
  inService: 1,
  left: 7.2,
  instances: [
    { id: "i-1", name: "kas-base", role: "base", state: "running", standing: "in-service", cpu: 75 },
    { id: "i-2", name: "kas-node-1", role: "node", state: "pending", standing: "none", cpu: undefined },
  ],
  requests: 610,
  errors: 0,
  decisions: [{
    time: "2026-11-23T22:14:03.000Z",
    kind: "start",
    instance: "i-2",
    state: "in-progress",
    reason: "cpuhigh of i-1 went from OK to ALARM",
  }],
};

Deno.test("render() shows the steps, the instances, the load and the latest decisions", () => {
  assertEquals(
    render(SCENE, 100).join("\n"),
    `\
Nine steps

   STEP  EVENT     CLIENTS  IN SERVICE  EXPECTED  CPU      VERDICT
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

Deno.test("render() keeps every line within the terminal", () => {
  for (const line of render(SCENE, 40)) assert(displayWidth(line) < 40, line);
});

Deno.test("decisionLine() of a decision to do nothing says so, in one line", () => {
  const decided = {
    time: "2026-11-23T22:14:03Z",
    kind: "none",
    instance: null,
    state: null,
    reason: "R4:\nno",
  };
  assertEquals(formatDecision(decided), "22:14:03 nothing: R4: no");
});

Deno.test("a canvas draws each picture over the one before, and goes away", () => {
  let written = "";
  const canvas = new Canvas({
    write: () => {},
    writeError: (text) => written += text,
    interactive: true,
    interactiveError: true,
    color: false,
    columns: 80,
    ask: () => Promise.resolve(null),
  });
  canvas.draw(["one", "two"]);
  assertEquals(written, "\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
  written = "";
  canvas.draw(["three"]);
  assertEquals(written, "\x1b[2A\rthree\x1b[K\n\x1b[J");
  written = "";
  canvas.clear();
  assertEquals(written, "\x1b[1A\r\x1b[J");
});
