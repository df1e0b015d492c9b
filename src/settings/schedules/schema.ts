/**
 * The schema of schedules, in a config file and in the setting `schedules`.
 *
 * This module loads zod and croner, so settings.ts imports it only if a schedule is configured.
 *
 * @module
 */
import * as z from "zod";
import { duration } from "../../cli/parsers.ts";
import { checkCron, CronError, firings } from "./cron.ts";
import { Schedules } from "./schedules.ts";
import { parseJsonSetting } from "../json_setting.ts";

const SHORTEST = 60_000;
const LONGEST = 31 * 86_400_000;

const WHOLE = "expected a whole number from 0 to 100000";

const bound = z.int(WHOLE).min(0, WHOLE).max(100_000, WHOLE).optional();

const schedule = z.strictObject({
  name: z.string("expected a text")
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
      "expected a name of letters, digits, dots, hyphens and underscores",
    )
    .describe("the name of the schedule, which decisions name"),
  cron: z.string("expected a text").describe(
    "when windows begin: minute, hour, day, month and weekday, as in cron",
  ),
  timezone: z.string("expected a text").describe("the time zone of cron, such as Europe/Berlin"),
  duration: z.string("expected a text").describe(
    "how long a window lasts, such as 90m or 10h, from 1m to 744h",
  ),
  min: bound.describe("the minimum capacity in a window (default: not changed)"),
  max: bound.describe("the maximum capacity in a window (default: not changed)"),
}).check(({ value, issues }) => {
  const refuse = (key: keyof typeof value, message: string) => {
    issues.push({ code: "custom", message, input: value, path: [key] });
  };
  const { cron, timezone, min, max } = value;
  const wrongCron = reason(() => checkCron({ cron, timezone: "UTC" }));
  const wrongZone = reason(() => checkCron({ cron: "0 0 * * *", timezone }));
  if (wrongCron !== undefined) refuse("cron", wrongCron);
  else if (firings({ cron, timezone: "UTC" }, 0).next().done) refuse("cron", `"${cron}" never fires`);
  if (wrongZone !== undefined) refuse("timezone", wrongZone);
  const wrongDuration = reason(() => {
    const ms = duration(value.duration);
    if (ms < SHORTEST || ms > LONGEST) throw new TypeError("expected a time from 1m to 744h");
  });
  if (wrongDuration !== undefined) refuse("duration", `${wrongDuration}, not "${value.duration}"`);
  if (min === undefined && max === undefined) refuse("min", "expected min, max or both");
  if (min !== undefined && max !== undefined && min > max) refuse("min", `${min} is greater than max ${max}`);
});

/** Returns why a value is wrong, or undefined if it is right. */
function reason(check: () => void): string | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof CronError || error instanceof TypeError) return error.message;
    throw error;
  }
  return undefined;
}

/** The schema of the schedules of a fleet. */
export const schedulesSchema = z.array(schedule, "expected an array").max(
  100,
  "expected at most 100 schedules",
).check(({ value, issues }) => {
  value.forEach(({ name }, i) => {
    if (value.findIndex((other) => other.name === name) === i) return;
    issues.push({
      code: "custom",
      message: `another schedule has the name "${name}"`,
      input: value,
      path: [i, "name"],
    });
  });
});

/**
 * Parses the text of the setting `schedules`, a JSON array.
 *
 * @throws {TypeError} if the text is not an array of schedules; the message names the place, such as `schedules[1].cron: …`
 */
export function parseSchedules(text: string): Schedules {
  const schedules = parseJsonSetting("schedules", schedulesSchema, text);
  return new Schedules(schedules.map(({ min, max, ...rest }) => ({
    ...rest,
    duration: duration(rest.duration),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  })));
}
