/**
 * `kas admin schedules`: lists the next windows of the schedules, with the bounds in force.
 *
 * @module
 */
import { command, type Values } from "../../cli/command.ts";
import { isoTime } from "../../cli/format.ts";
import type { Row } from "../../cli/output.ts";
import { integer } from "../../cli/parsers.ts";
import { boundsOf } from "../../scaling/model/capacity.ts";
import type { Window } from "../../scaling/model/limits.ts";
import type { Schedules } from "../../settings/schedules/schedules.ts";
import { SETTINGS } from "../../settings/settings.ts";

const DAY = 86_400_000;

/** How far ahead the command searches for windows, in ms. 29 February is at most eight years ahead. */
const HORIZON = 8 * 366 * DAY;

const OPTIONS = {
  fleet: SETTINGS.fleet,
  schedules: SETTINGS.schedules,
  min: SETTINGS.min,
  max: SETTINGS.max,
  count: { placeholder: "N", help: "list this many windows", default: "10", parse: integer(1, 1_000) },
};

/** The command `kas admin schedules`. */
export const schedules = command({
  name: "schedules",
  summary: "List the next windows of the schedules, and the bounds of the capacity in them",
  description:
    "BEGINS and ENDS are in UTC, LOCAL is the time in the schedule's time zone at which the window begins. A window that is open\n" +
    "now comes first. MIN and MAX are the bounds in force when the window begins: if windows overlap, the largest minimum and the\n" +
    "smallest maximum. OVERLAPS lists the other schedules with an open window at that time.",
  options: OPTIONS,
  examples: ["admin schedules", "admin schedules --config /etc/kas/kas.json --count 3"],
  run: async ({ flags, out }) => {
    const { schedules, count } = flags;
    if (schedules === undefined) out.note("No schedule is configured");
    const rows = schedules === undefined ? [] : nextWindows(schedules, Date.now(), count)
      .map((window) => rowOf(window, schedules, flags));
    await out.table(["schedule", "begins", "ends", "local", "min", "max", "overlaps"], rows);
  },
});

/** Returns the next windows. Searches one day, then twice as long, and so on. */
function nextWindows(schedules: Schedules, now: number, count: number): Window[] {
  for (let ahead = DAY;; ahead *= 2) {
    const found = schedules.windows(now, now + ahead);
    if (found.length >= count || ahead > HORIZON) return found.slice(0, count);
  }
}

function rowOf(window: Window, schedules: Schedules, { min, max }: Values<typeof OPTIONS>): Row {
  const { name, begins, ends } = window;
  const open = schedules.windows(begins, begins);
  const limits = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 0 };
  // Without --min and --max, the default bounds depend on the instances of the fleet.
  const bounds = boundsOf({
    now: begins,
    limits: { ...limits, min: min ?? -Infinity, max: max ?? Infinity },
    windows: open,
    instances: [],
  });
  const shown = (value: number) => Number.isFinite(value) ? value : undefined;
  const timezone = schedules.list.find((schedule) => schedule.name === name)?.timezone ?? "UTC";
  const local = Temporal.Instant.fromEpochMilliseconds(begins).toZonedDateTimeISO(timezone);
  return {
    schedule: name,
    begins: isoTime(begins),
    ends: isoTime(ends),
    local: `${local.toPlainDateTime().toString()} ${timezone}`,
    min: shown(bounds.min.value),
    max: shown(bounds.max.value),
    overlaps: open.map((other) => other.name).filter((other) => other !== name).join(" ") || undefined,
  };
}
