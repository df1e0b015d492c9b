import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Schedule, windows } from "../../../../src/settings/schedules/windows.ts";

const HOUR = 3_600_000;

const OFFICE: Schedule = {
  name: "office",
  cron: "0 9 * * MON-FRI",
  timezone: "UTC",
  duration: 8 * HOUR,
  min: 4,
};

const at = (time: string) => Date.parse(`2027-01-${time}Z`);

Deno.test("a window that has begun and not ended is found", () => {
  assertEquals([...windows(OFFICE, at("04T12:00"), at("04T12:00"))], [
    { name: "office", begins: at("04T09:00"), ends: at("04T17:00"), min: 4 },
  ]);
});

Deno.test("a window ends at its duration, that instant not included", () => {
  assertEquals([...windows(OFFICE, at("04T17:00"), at("04T17:00"))], []);
  assertEquals([...windows(OFFICE, at("04T17:00") - 1, at("04T17:00"))].length, 1);
});

Deno.test("windows that touch are one window", () => {
  const whole = { ...OFFICE, cron: "0 0 * * *", duration: 24 * HOUR };
  const [window, ...more] = windows(whole, at("04T12:00"), at("06T12:00"));
  assertEquals([window?.begins, window?.ends, more], [at("04T00:00"), at("07T00:00"), []]);
});

Deno.test("an instant is in a window exactly if a firing is less than the duration before it", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 12 * 60 }),
    fc.integer({ min: 0, max: 3 * 24 * 60 }),
    (minute, step, length, offset) => {
      const cron = `${minute} */${step} * * *`;
      const schedule = { ...OFFICE, cron, duration: length * 60_000 };
      const now = at("04T00:00") + offset * 60_000;
      const found = [...windows(schedule, now, now)].some(({ begins, ends }) => begins <= now && now < ends);
      const fired = Array.from({ length }, (_, i) => new Date(now - i * 60_000))
        .some((date) => date.getUTCMinutes() === minute && date.getUTCHours() % step === 0);
      assertEquals(found, fired);
    },
  ));
});
