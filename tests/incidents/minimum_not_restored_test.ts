/**
 * In an earlier version of kas, a capacity below the minimum stayed there until the load increased. With `--min 3` and one
 * instance in service, kas started nothing, and it did not replace an instance that somebody terminated. EC2 Auto Scaling
 * restores the minimum of a group.
 *
 * kas now restores the minimum at each reconcile, whatever the alarms report (R3).
 *
 * Source: EC2 Auto Scaling user guide, "Health checks for instances in an Auto Scaling group"
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Lab } from "../support/lab/lab.ts";
import { BASE, countInService, FIRST, openNotifiedLab } from "../support/lab/script.ts";

const LIMITS = { ...AT_ONCE, resync: 60_000 };

/** The start timeout, in ms. It is longer than the boot of an instance in the lab. */
const startTimeout = 120_000;

/** The time to wait for a restored minimum, in ms. It is longer than a reconcile and a start take in the lab. */
const RESTORED = 180_000;

async function terminate(lab: Lab, place: number): Promise<void> {
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(place)] });
}

Deno.test("if the capacity is below the minimum, kas starts all missing instances at about the same time (R3)", async () => {
  await using lab = await openNotifiedLab(
    fleetOf([false, false, false], { limits: { ...LIMITS, min: 3 }, startTimeout }),
  );
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
});

Deno.test("kas starts a node in the place of an instance that somebody terminated (R3)", async () => {
  const plan = fleetOf([true, true, false, false], { limits: { ...LIMITS, min: 3 }, startTimeout });
  await using lab = await openNotifiedLab(plan);
  await terminate(lab, FIRST);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
  await terminate(lab, BASE);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
});

Deno.test("kas starts a node in the place of a base instance that fails its health check (R3)", async () => {
  const plan = fleetOf([false], { limits: LIMITS, startTimeout });
  await using lab = await openNotifiedLab(plan);
  lab.cloud.machines.broken.add(lab.id(BASE));
  await lab.pass(startTimeout + 2 * RESTORED);
  assertEquals([lab.status(BASE), lab.status(FIRST)], ["running out-of-service", "running in-service"]);
});
