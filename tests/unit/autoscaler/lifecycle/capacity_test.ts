/**
 * The capacity that an operator asks for with `kas admin scale to`, in the lab.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { operate as send } from "../../../support/lab/operator.ts";
import { countInService, openNotifiedLab, openPolledLab } from "../../../support/lab/script.ts";

const LIMITS = { ...AT_ONCE, resync: 60_000, max: 4 };

const MINUTE = 60_000;

/** Opens a lab with one instance in service, and three standby nodes. */
function open(startTimeout = 2 * MINUTE): Promise<Lab> {
  return openNotifiedLab(fleetOf([false, false, false], { limits: LIMITS, startTimeout }));
}

/** Opens a lab with alarms, which ask for less because the fleet is idle. */
function openIdle(): Promise<Lab> {
  return openPolledLab(fleetOf([false, false, false], { limits: LIMITS, startTimeout: 2 * MINUTE }));
}

/** Asks for a capacity. Returns the autoscaler's answer. */
async function to(lab: Lab, capacity: number, more: { readonly until?: number } = {}) {
  const response = await send(lab, "scale", { direction: "to", capacity, ...more, dryRun: false });
  assertEquals(response?.status, 200);
  return await response?.json();
}

async function progress(lab: Lab) {
  return await (await send(lab, "progress", { ids: [] }))?.json();
}

/** Returns after how many ms a condition holds. */
async function until(lab: Lab, holds: () => boolean | Promise<boolean>): Promise<number> {
  for (let ms = 0; ms <= 10 * MINUTE; ms += 1_000) {
    if (await holds()) return ms;
    await lab.pass(1_000);
  }
  throw new Error("the condition does not hold within 10 minutes");
}

Deno.test("a capacity without an end ends soon after the fleet has it in service (R22)", async () => {
  await using lab = await open();
  await to(lab, 3);
  await until(lab, () => countInService(lab) === 3);
  const seen = await until(lab, async () => (await progress(lab)).override === null);
  assertEquals((await progress(lab)).progress.outcome, "reached");
  assert(seen <= 20_000, `${seen} ms`);
});

Deno.test("a capacity with an end replaces the alarms until then, also over a crash (R22)", async () => {
  await using lab = await openIdle();
  await to(lab, 3, { until: lab.clock + 60 * MINUTE });
  await until(lab, () => countInService(lab) === 3);
  lab.kill(1_000);
  await lab.pass(50 * MINUTE);
  assertEquals([countInService(lab), (await progress(lab)).override.capacity], [3, 3]);
  await lab.pass(60 * MINUTE);
  assertEquals([countInService(lab), (await progress(lab)).override], [1, null]);
});

Deno.test("kas admin scale auto ends a capacity: the alarms decide again (R22)", async () => {
  await using lab = await openIdle();
  await to(lab, 3, { until: lab.clock + 600 * MINUTE });
  await until(lab, () => countInService(lab) === 3);
  assertEquals((await (await send(lab, "auto", {}))?.json()).override.capacity, 3);
  await lab.pass(60 * MINUTE);
  assertEquals(countInService(lab), 1);
});

Deno.test("a capacity without an end ends when a check holds it back, and says which (R22)", async () => {
  await using lab = await open();
  await send(lab, "pause", { directions: ["out"] });
  const { override, checks } = await to(lab, 3);
  assertEquals([override, checks], [null, ["paused"]]);
});

Deno.test("a capacity without an end ends after 15 minutes (R22)", async () => {
  await using lab = await open(60 * MINUTE);
  // No node passes its health check, and kas waits long for the first.
  for (const place of [1, 2, 3]) lab.cloud.machines.broken.add(lab.id(place));
  await to(lab, 2);
  await lab.pass(14 * MINUTE);
  assertEquals((await progress(lab)).progress.outcome, "pending");
  assertEquals((await progress(lab)).override.capacity, 2);
  await lab.pass(2 * MINUTE);
  assertEquals((await progress(lab)).override, null);
});

Deno.test("kas refuses a capacity outside the bounds, and an end that has passed (R22)", async () => {
  await using lab = await open();
  const status = async (body: object) =>
    (await send(lab, "scale", { direction: "to", dryRun: false, ...body }))?.status;
  assertEquals(await status({ capacity: 5 }), 409);
  assertEquals(await status({ capacity: 0 }), 409);
  assertEquals(await status({ capacity: 2, until: lab.clock }), 400);
  await lab.pass(5 * MINUTE);
  assertEquals([countInService(lab), (await progress(lab)).override], [1, null]);
});
