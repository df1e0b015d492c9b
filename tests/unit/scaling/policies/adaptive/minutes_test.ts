import { assertEquals } from "@std/assert";
import { KEPT, Minutes } from "../../../../../src/scaling/policies/adaptive/minutes.ts";
import { DAY, HOUR, MINUTE, START } from "./loads.ts";

Deno.test("a minute has the highest demand of the periods that end in it", () => {
  const minutes = new Minutes();
  [3, 5, 4].forEach((demand, i) => minutes.add(START + (i + 1) * 10_000, demand));
  minutes.add(START + MINUTE, 2);
  minutes.add(START + MINUTE + 10_000, 1);
  assertEquals([...minutes.since(0)], [
    { end: START + MINUTE, demand: 5 },
    { end: START + 2 * MINUTE, demand: 1 },
  ]);
});

Deno.test("the highest demand of a time ignores minutes without a sample", () => {
  const minutes = new Minutes();
  minutes.add(START + MINUTE, 3);
  minutes.add(START + 5 * MINUTE, 2);
  assertEquals(minutes.highest(START, START + HOUR), 3);
  assertEquals(minutes.highest(START + 2 * MINUTE, START + HOUR), 2);
  assertEquals(minutes.highest(START + 2 * MINUTE, START + 4 * MINUTE), undefined);
  assertEquals(minutes.highest(START - HOUR, START), undefined);
});

Deno.test("minutes older than a week and three hours are forgotten", () => {
  const minutes = new Minutes();
  minutes.add(START, 9);
  for (let i = 1; i <= KEPT; i++) minutes.add(START + i * MINUTE, 1);
  assertEquals(minutes.first, START + MINUTE);
  assertEquals([...minutes.since(0)].length, KEPT);
  assertEquals(minutes.highest(0, START + 30 * DAY), 1);
});

Deno.test("a gap of a year leaves only the new minute", () => {
  const minutes = new Minutes();
  for (let i = 1; i <= 100; i++) minutes.add(START + i * MINUTE, 5);
  minutes.add(START + 365 * DAY, 2);
  assertEquals([...minutes.since(0)], [{ end: START + 365 * DAY, demand: 2 }]);
  assertEquals(minutes.highest(0, START + 400 * DAY), 2);
});

Deno.test("minutes after a time that was set back are forgotten, and new ones take their place", () => {
  const minutes = new Minutes();
  for (let i = 1; i <= 10; i++) minutes.add(START + i * MINUTE, i);
  minutes.forgetAfter(START + 4 * MINUTE);
  minutes.add(START + 6 * MINUTE, 1);
  assertEquals([...minutes.since(0)].map(({ demand }) => demand), [1, 2, 3, 4, 1]);
  minutes.forgetAfter(START - DAY);
  assertEquals(minutes.first, undefined);
  minutes.add(START - DAY + MINUTE, 7);
  assertEquals([...minutes.since(0)], [{ end: START - DAY + MINUTE, demand: 7 }]);
});
