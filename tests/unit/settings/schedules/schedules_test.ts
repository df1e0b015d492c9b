import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseConfigFile } from "../../../../src/settings/config_file.ts";
import { parseSchedules } from "../../../../src/settings/schedules/schema.ts";

const HOUR = 3_600_000;

/** A valid schedule as in a config file. */
const OFFICE = { name: "office", cron: "0 9 * * MON-FRI", timezone: "UTC", duration: "8h", min: 4 };

const NIGHT = { name: "night", cron: "0 16 * * *", timezone: "UTC", duration: "8h", max: 1 };

const at = (time: string) => Date.parse(`2027-01-${time}Z`);

const parsed = (...schedules: object[]) => parseSchedules(JSON.stringify(schedules));

// A schedule instead of the valid one, and the place of its problem.
for (
  const [name, wrong, place] of [
    ["an invalid expression", { cron: "0 25 * * *" }, "cron"],
    ["an expression with seconds", { cron: "0 0 9 * * *" }, "cron"],
    ["an expression that never fires", { cron: "0 9 30 2 *" }, "cron"],
    ["an unknown time zone", { timezone: "Europe/Berln" }, "timezone"],
    ["a duration without a number", { duration: "long" }, "duration"],
    ["a duration of less than a minute", { duration: "59s" }, "duration"],
    ["a minimum above the maximum", { max: 3 }, "min"],
    ["neither a minimum nor a maximum", { min: undefined }, "min"],
    ["a negative minimum", { min: -1 }, "min"],
    ["a name with a space", { name: "a b" }, "name"],
    ["the name of another schedule", { name: "night" }, "name"],
    ["an unknown key", { crn: "0 9 * * *" }, "crn"],
  ] as [string, object, string][]
) {
  Deno.test(`a config file with ${name} is refused with the place of the schedule`, () => {
    const schedules = [NIGHT, { ...OFFICE, ...wrong }];
    const own = assertThrows(() => parseConfigFile(JSON.stringify({ schedules })), Error);
    assertStringIncludes(own.message, `schedules[1].${place}: `);
    const nested = assertThrows(() => parseConfigFile(JSON.stringify({ fleets: [{ schedules }] })), Error);
    assertStringIncludes(nested.message, `fleets[0].schedules[1].${place}: `);
    const setting = assertThrows(() => parsed(...schedules), TypeError);
    assertStringIncludes(setting.message, `schedules[1].${place}: `);
  });
}

Deno.test("the schedules of a config file are the same as those of the setting", () => {
  const { shared: { schedules = "" } } = parseConfigFile(JSON.stringify({ schedules: [OFFICE, NIGHT] }));
  assertEquals(parseSchedules(schedules).list, parsed(OFFICE, NIGHT).list);
  assertEquals(parsed(OFFICE).list[0]?.duration, 8 * HOUR);
});

Deno.test("Schedules.windows() returns the open and the coming windows of all schedules, the earliest first", () => {
  const windows = parsed(NIGHT, OFFICE).windows(at("04T12:00"), at("05T09:00"));
  assertEquals(windows, [
    { name: "office", begins: at("04T09:00"), ends: at("04T17:00"), min: 4 },
    { name: "night", begins: at("04T16:00"), ends: at("05T00:00"), max: 1 },
    { name: "office", begins: at("05T09:00"), ends: at("05T17:00"), min: 4 },
  ]);
});

Deno.test("Schedules.windows() returns the same windows in any order of the questions", () => {
  const schedules = parsed(OFFICE, NIGHT);
  const times = [at("06T12:00"), at("04T12:00"), at("05T08:59"), at("05T09:00"), at("04T16:30")];
  for (const time of times) {
    assertEquals(schedules.windows(time, time + HOUR), parsed(OFFICE, NIGHT).windows(time, time + HOUR));
  }
});

Deno.test("Schedules.nextChange() is the next lead, begin or end of a window", () => {
  const schedules = parsed(OFFICE, NIGHT);
  const minute = HOUR / 60;
  assertEquals(schedules.nextChange(at("04T08:00"), 2 * minute), at("04T08:58"));
  assertEquals(schedules.nextChange(at("04T08:58"), 2 * minute), at("04T09:00"));
  assertEquals(schedules.nextChange(at("04T16:00"), 2 * minute), at("04T17:00"));
  assertEquals(parsed(OFFICE).nextChange(at("01T17:00"), minute), undefined);
});

Deno.test("Schedules.overlaps() finds two schedules whose windows overlap, and when they first do", () => {
  assertEquals(parsed(OFFICE, NIGHT).overlaps(at("02T12:00")), [
    { names: ["office", "night"], at: at("04T16:00"), min: 4, max: 1 },
  ]);
  assertEquals(parsed({ ...OFFICE, duration: "7h" }, NIGHT).overlaps(at("02T12:00")), []);
  // The search begins in the overlap.
  assertEquals(parsed(OFFICE, NIGHT).overlaps(at("04T16:30"))[0]?.at, at("04T16:30"));
  const day = { ...OFFICE, name: "day", cron: "0 8 * * *", duration: "9h", min: 6 };
  assertEquals(parsed(OFFICE, NIGHT, day).overlaps(at("02T12:00")), [
    { names: ["night", "day"], at: at("02T16:00"), min: 6, max: 1 },
    { names: ["office", "day"], at: at("04T09:00"), min: 6 },
    { names: ["office", "night"], at: at("04T16:00"), min: 6, max: 1 },
  ]);
  assertEquals(parsed(OFFICE, NIGHT).overlaps(at("02T12:00"), 24 * HOUR), []);
  const holiday = { ...NIGHT, name: "holiday", cron: "0 9 24 12 *" };
  assertEquals(parsed(OFFICE, holiday).overlaps(at("02T12:00"))[0]?.at, Date.parse("2027-12-24T09:00Z"));
});
