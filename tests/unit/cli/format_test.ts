import { assertEquals } from "@std/assert";
import { counted, isoTime, percent, seconds, settingTime } from "../../../src/cli/format.ts";

Deno.test("isoTime() formats a time in UTC", () => {
  assertEquals(isoTime(Date.UTC(2026, 10, 24, 8, 30)), "2026-11-24T08:30:00.000Z");
});

Deno.test("formatted durations, percentages and counts contain their unit", () => {
  assertEquals([seconds(0), seconds(999), seconds(12_460), seconds(-2_000)], [
    "0 ms",
    "999 ms",
    "12.5 s",
    "-2 s",
  ]);
  assertEquals([settingTime(60_000), settingTime(300)], ["60s", "0.3s"]);
  assertEquals([percent(40), percent(33.333)], ["40 %", "33.3 %"]);
  assertEquals([counted(0, "alarm"), counted(1, "alarm"), counted(2, "alarm")], [
    "0 alarms",
    "1 alarm",
    "2 alarms",
  ]);
});
