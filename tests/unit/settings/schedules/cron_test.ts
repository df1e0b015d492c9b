import { assertEquals, assertThrows } from "@std/assert";
import { checkCron, CronError, firings } from "../../../../src/settings/schedules/cron.ts";

/** The first firings after a time, in UTC. */
function first(n: number, cron: string, timezone: string, after: string): string[] {
  return firings({ cron, timezone }, Date.parse(after)).take(n).map((at) =>
    new Date(at).toISOString().slice(0, 16)
  )
    .toArray();
}

const SPRING = "2027-03-28T00:00Z";
const AUTUMN = "2027-10-30T23:50Z";

for (
  const [what, cron, timezone, after, expected] of [
    ["at nine on weekdays, in local time", "0 9 * * MON-FRI", "Europe/Berlin", "2027-03-26T12:00Z", [
      "2027-03-29T07:00",
      "2027-03-30T07:00",
    ]],
    ["on the day or on the weekday, if both are given", "0 0 13 * 5", "UTC", "2027-01-01T00:00Z", [
      "2027-01-08T00:00",
      "2027-01-13T00:00",
    ]],
    ["at the end of the spring gap, for a time in the gap", "30 2 * * *", "Europe/Berlin", SPRING, [
      "2027-03-28T01:00",
      "2027-03-29T00:30",
    ]],
    ["once at the end of the gap, for several times in the gap", "0,30 2 * * *", "Europe/Berlin", SPRING, [
      "2027-03-28T01:00",
      "2027-03-29T00:00",
    ]],
    ["every hour without an additional time at the end of the gap", "30 * * * *", "Europe/Berlin", SPRING, [
      "2027-03-28T00:30",
      "2027-03-28T01:30",
    ]],
    ["once in the repeated hour, the first time, for a fixed time", "30 2 * * *", "Europe/Berlin", AUTUMN, [
      "2027-10-31T00:30",
      "2027-11-01T01:30",
    ]],
    [
      "in both repeated hours, in the order of time, for a wildcard",
      "*/30 * * * *",
      "Europe/Berlin",
      AUTUMN,
      [
        "2027-10-31T00:00",
        "2027-10-31T00:30",
        "2027-10-31T01:00",
        "2027-10-31T01:30",
        "2027-10-31T02:00",
      ],
    ],
    ["never, for a day that does not exist", "0 0 30 2 *", "UTC", "2027-01-01T00:00Z", []],
  ] as const
) {
  Deno.test(`a schedule fires ${what}`, () => {
    assertEquals(first(Math.max(1, expected.length), cron, timezone, after), [...expected]);
  });
}

for (
  const [cron, timezone] of [
    ["* * * *", "UTC"],
    ["* * * * * *", "UTC"],
    ["@daily", "UTC"],
    ["60 * * * *", "UTC"],
    ["0 9 * * MOO", "UTC"],
    ["5-1 * * * *", "UTC"],
    ["", "UTC"],
    ["0 9 * * *", "Mars/Olympus"],
  ] as const
) {
  Deno.test(`a schedule refuses the expression "${cron}" in the time zone ${timezone}`, () => {
    assertThrows(() => checkCron({ cron, timezone }), CronError);
  });
}
