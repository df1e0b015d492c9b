/**
 * Schedules on virtual time, with an AWS that is as slow as a real account (R19).
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { parseSchedules } from "../../../src/settings/schedules/schema.ts";
import { AT_ONCE, fleetOf } from "../../support/lab/fleet_plan.ts";
import type { Lab } from "../../support/lab/lab.ts";
import {
  countInService,
  FIRST,
  holdRequests,
  openNotifiedLab,
  reportIdle,
} from "../../support/lab/script.ts";

const MINUTE = 60_000;

/** A window at the beginning of each hour, for 20 minutes. */
const PEAK = { name: "peak", cron: "0 * * * *", timezone: "UTC", duration: "20m", min: 4 };

/** The rest of each hour. */
const CALM = { name: "calm", cron: "20 * * * *", timezone: "UTC", duration: "40m", max: 1 };

function open(schedules: readonly object[], seed = 1): Promise<Lab> {
  return openNotifiedLab(fleetOf([false, false, false], {
    seed,
    limits: { ...AT_ONCE, resync: MINUTE, min: 1, max: 4 },
    schedules: parseSchedules(JSON.stringify(schedules)),
    startTimeout: 2 * MINUTE,
  }));
}

/** Lets time pass until the clock shows this minute of an hour. */
async function passUntil(lab: Lab, minute: number): Promise<void> {
  const now = lab.time.now();
  const hour = 60 * MINUTE;
  const wait = ((minute * MINUTE - now % hour) % hour + hour) % hour;
  await lab.pass(wait === 0 ? hour : wait);
}

/** Notifies the autoscaler that the nodes are idle, one after the other. */
async function reportAllIdle(lab: Lab): Promise<void> {
  for (const place of [FIRST, FIRST + 1, FIRST + 2]) {
    await reportIdle(lab, place);
    await lab.pass(6 * MINUTE);
  }
}

Deno.test("the fleet has the minimum of a window in service before the window begins, 20 times of 20", async () => {
  const atBegin: number[] = [];
  const between: number[] = [];
  for (let seed = 1; seed <= 5; seed++) {
    await using lab = await open([PEAK], seed);
    // The lab begins in a window.
    await passUntil(lab, 25);
    await reportAllIdle(lab);
    for (let i = 0; i < 4; i++) {
      await passUntil(lab, 50);
      between.push(countInService(lab));
      await passUntil(lab, 0);
      atBegin.push(countInService(lab));
      await passUntil(lab, 25);
      await reportAllIdle(lab);
    }
  }
  assertEquals(atBegin, Array.from({ length: 20 }, () => 4));
  assertEquals(between, Array.from({ length: 20 }, () => 1));
});

Deno.test("a window keeps its minimum while alarms ask for less", async () => {
  await using lab = await open([PEAK]);
  await passUntil(lab, 5);
  await reportAllIdle(lab);
  assertEquals(countInService(lab), 4);
});

Deno.test("a window with a maximum scales in without an alarm", async () => {
  await using lab = await open([PEAK, CALM]);
  await passUntil(lab, 10);
  assertEquals(countInService(lab), 4);
  await passUntil(lab, 50);
  assertEquals(countInService(lab), 1);
});

Deno.test("a draining instance serves again if a window that needs it begins before its stop", async () => {
  const schedules = parseSchedules(JSON.stringify([{ ...PEAK, cron: "10 * * * *", min: 2 }]));
  await using lab = await openNotifiedLab(
    fleetOf([true], { kind: true, limits: { ...AT_ONCE, min: 1 }, schedules }),
  );
  const answers = await holdRequests(lab);
  await passUntil(lab, 7);
  await reportIdle(lab, FIRST);
  await passUntil(lab, 9);
  lab.cloud.machines.release();
  await passUntil(lab, 12);
  assertEquals(lab.status(FIRST), "running in-service");
  assertEquals(lab.cloud.calls.some(({ action }) => action === "StopInstances"), false);
  assertEquals(new Set(await Promise.all(answers)), new Set([200]));
});
