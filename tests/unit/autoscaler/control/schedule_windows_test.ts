import { assertEquals } from "@std/assert";
import { leadOf, windowsAt, WindowWatch } from "../../../../src/autoscaler/control/schedule_windows.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { parseSchedules } from "../../../../src/settings/schedules/schema.ts";
import type { Tuning } from "../../../../src/autoscaler/assembly_options.ts";
import { begin, decisionOf, starting } from "../../../support/decisions.ts";
import { MINUTE, NOW, OBSERVATION } from "../../scaling/fixtures.ts";

const signal = new AbortController().signal;

/** Records a start that took some time from EC2's answer until the instance was in service. */
async function start(journal: Journal, took: number): Promise<void> {
  const activity = begin(journal, {
    trigger: { kind: "reconcile" },
    observation: OBSERVATION,
    decision: decisionOf(starting("n3")),
    dryRun: false,
  });
  let now = NOW;
  const step = (step: "started" | "in-service", ends: number) =>
    journal.step(activity.id, "n3", step, {
      now: () => now,
      signal,
      take: () => Promise.resolve(void (now = ends)),
    });
  await step("started", NOW + 1_000);
  await step("in-service", NOW + took);
  journal.end(activity, "successful", "done", NOW + took);
}

/** The tuning with a schedule from 13:00 until 14:00. NOW is 12:00. */
function tuning(): Tuning {
  const schedule = { name: "lunch", cron: "0 13 * * *", timezone: "UTC", duration: "1h", min: 3 };
  return {
    limits: OBSERVATION.limits,
    schedules: parseSchedules(JSON.stringify([schedule])),
    startTimeout: 0,
    drainTimeout: 0,
    quarantineFor: 0,
  };
}

Deno.test("the lead is the longest of the last 20 starts and 30 s more, and at least two minutes (R19)", async () => {
  using store = Store.memory();
  const journal = new Journal(store);
  assertEquals(leadOf(journal), 120_000);
  await start(journal, 190_000);
  for (let i = 0; i < 19; i++) await start(journal, 40_000);
  assertEquals(leadOf(journal), 220_000);
  await start(journal, 50_000);
  assertEquals(leadOf(journal), 120_000);
});

Deno.test("the lead is at most half an hour, also after a start during which the clock was set forwards (R19)", async () => {
  using store = Store.memory();
  const journal = new Journal(store);
  await start(journal, 7_200_000);
  assertEquals(leadOf(journal), 1_800_000);
});

Deno.test("an observation has a window from its lead until its end (R19)", () => {
  using store = Store.memory();
  const parts = { tuning, journal: new Journal(store) };
  const names = (minutes: number) =>
    windowsAt(NOW + minutes * MINUTE, parts).windows?.map(({ name }) => name);
  assertEquals([57, 58, 60, 119, 120].map(names), [[], ["lunch"], ["lunch"], ["lunch"], []]);
});

Deno.test("without schedules, an observation has no windows (R19)", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  for (const schedules of [undefined, parseSchedules("[]")]) {
    assertEquals(windowsAt(NOW, { tuning: () => ({ ...tuning(), schedules }), journal }), {});
  }
});

Deno.test("a watch notices the lead, the beginning and the end of a window, each once (R19)", () => {
  using store = Store.memory();
  const watch = new WindowWatch({ tuning, journal: new Journal(store) });
  const changed = (minutes: number) => watch.changed(NOW + minutes * MINUTE);
  assertEquals(
    [57, 58, 59, 60, 61, 119, 120, 121].map(changed),
    [undefined, "schedule", undefined, "schedule", undefined, undefined, "schedule", undefined],
  );
  assertEquals(watch.dueIn(NOW + 50 * MINUTE), 8 * MINUTE);
});
