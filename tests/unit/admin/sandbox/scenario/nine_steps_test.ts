import { assertEquals } from "@std/assert";
import { NINE_STEPS, THINK_MS, WORK_MS } from "../../../../../src/admin/sandbox/scenario/nine_steps.ts";

Deno.test("the nine steps of the scenario have the documented events and expected numbers of instances", () => {
  assertEquals(
    NINE_STEPS.map(({ step, event, expected }) => [step, event, expected]),
    [
      [1, "A starts", 1],
      [2, "B starts", 1],
      [3, "C starts", 2],
      [4, "D starts", 2],
      [5, "D stops", 2],
      [6, "B stops", 1],
      [7, "nothing", 1],
      [8, "C stops", 1],
      [9, "A stops", 1],
    ],
  );
});

Deno.test("the number of clients in each step follows from the previous step and the event", () => {
  let before: readonly string[] = [];
  for (const { event, clients } of NINE_STEPS) {
    const [, who = "", how] = /^(\w) (starts|stops)$/.exec(event) ?? [];
    const after = how === "starts" ? [...before, who] : before.filter((name) => name !== who);
    assertEquals(clients, after, event);
    before = clients;
  }
});

Deno.test("one load client uses a third of an instance's CPU", () => {
  const work = (WORK_MS[0] + WORK_MS[1]) / 2;
  assertEquals(work / (work + THINK_MS), 1 / 3);
});
