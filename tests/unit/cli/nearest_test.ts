import { assertEquals } from "@std/assert";
import { nearest } from "../../../src/cli/nearest.ts";

Deno.test("nearest() returns the most similar word, or undefined if no word is similar", () => {
  const words = ["instances", "balancers", "alarms", "topics", "setup", "sandbox", "sns"];
  const cases: [string, string | undefined][] = [
    ["instnaces", "instances"],
    ["INSTANCES", "instances"],
    ["inst", "instances"],
    ["alarm", "alarms"],
    ["s", undefined],
    ["sms", "sns"],
    ["delete", undefined],
    ["frobnicate", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of cases) assertEquals(nearest(word, words), expected, word);
  assertEquals(nearest("x", []), undefined);
});
