/**
 * CloudStack's autoscaler held its scale-ups against the machines that ran, later also against those that had failed to be
 * created; what was created and failed to start was in neither count. Groups of at most 2 and 4 came to 2,296 and 30,000 machines.
 *
 * With --grow, max counts every instance of the fleet, whatever became of it (R3), and after a launch that failed the next one
 * waits, each time longer (R7).
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

/** Launches where no node is left; resyncs, at which the load is still there, come every minute. */
const GROWING = { ...AT_ONCE, resync: 60_000, grow: TEMPLATE, max: 4 };

Deno.test("machines that are launched and fail to come up are no more than max, however long the load lasts (R3)", async () => {
  await using lab = await openPolledLab(fleetOf([], { limits: GROWING, startTimeout: 30_000 }));
  for (let nth = 1; nth < 100; nth++) lab.cloud.machines.broken.add(lab.launched(nth));
  lab.cloud.machines.demand = 1;
  await lab.pass(6 * 3_600_000);
  // The base, and three that are off and in quarantine, for somebody to look at.
  assertEquals(lab.cloud.fleet().map(({ state, tags }) => [state, "kas:quarantine" in tags]), [
    ["running", false],
    ["stopped", true],
    ["stopped", true],
    ["stopped", true],
  ]);
});

Deno.test("launches that EC2 refuses are tried less and less often, and again once it has capacity (R7)", async () => {
  await using lab = await openPolledLab(fleetOf([], { limits: GROWING }));
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
