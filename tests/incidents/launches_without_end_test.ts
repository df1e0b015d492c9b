/**
 * CloudStack's autoscaler compared its scale-ups with the number of running machines, and later also counted those that could not be
 * created. Machines that were created and failed to start were in neither count. Groups with a maximum of 2 and 4 grew to 2,296 and
 * 30,000 machines.
 *
 * With --grow, max counts every instance of the fleet, in whatever state (R3). After a failed launch the next one waits, longer each
 * time (R7).
 *
 * Source: https://github.com/apache/cloudstack/issues/14185, https://github.com/apache/cloudstack/issues/9318,
 * https://github.com/apache/cloudstack/issues/9503
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { TEMPLATE } from "../support/lab/cloud.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { openPolledLab } from "../support/lab/script.ts";

/** It launches nodes if no standby is left, and reconciles every minute. */
const GROWING = { ...AT_ONCE, resync: 60_000, grow: TEMPLATE, max: 4 };

Deno.test("the fleet never exceeds max capacity, even if launched instances never come into service under lasting load (R3)", async () => {
  await using lab = await openPolledLab(fleetOf([], { kind: true, limits: GROWING, startTimeout: 30_000 }));
  for (let nth = 1; nth < 100; nth++) lab.cloud.machines.broken.add(lab.launched(nth));
  lab.cloud.machines.demand = 1;
  await lab.pass(6 * 3_600_000);
  // The base instance, and three that are stopped and quarantined, for an operator to examine.
  assertEquals(lab.cloud.fleet().map(({ state, tags }) => [state, "kas:quarantine" in tags]), [
    ["running", false],
    ["stopped", true],
    ["stopped", true],
    ["stopped", true],
  ]);
});

Deno.test("kas repeats launches that EC2 rejects at growing intervals, until EC2 has capacity (R7)", async () => {
  await using lab = await openPolledLab(fleetOf([], { kind: true, limits: GROWING }));
  const launches = () =>
    new Set(
      lab.cloud.calls.filter(({ action }) => action === "RunInstances").map(({ input }) =>
        input["ClientToken"]
      ),
    ).size;
  lab.cloud.faults.noCapacity.add(TEMPLATE);
  lab.cloud.machines.demand = 1;
  await lab.pass(3_600_000);
  const inAnHour = launches();
  assert(inAnHour >= 4 && inAnHour <= 10, `${inAnHour} launches in the first hour`);
  await lab.pass(3_600_000);
  assert(launches() - inAnHour <= 5, `${launches() - inAnHour} launches in the second hour`);
  lab.cloud.faults.noCapacity.clear();
  await lab.pass(16 * 60_000);
  assertEquals(lab.cloud.fleet().map(({ state }) => state).slice(0, 2), ["running", "running"]);
});
