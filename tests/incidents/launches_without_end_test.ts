/**
 * CloudStack's autoscaler compared the maximum with the number of running machines. A later version also counted machines
 * that it could not create. Neither version counted machines that it created and that failed to start. One group with a
 * maximum of 2 grew to 2,296 machines, and another with a maximum of 4 grew to 30,000 machines. With --grow, kas counts every
 * instance of the fleet towards max, whatever its state (R3). After a failed launch, kas waits before the next launch, and
 * waits longer after each further failure (R7).
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

/** The options of an autoscaler that launches nodes if no standby node is left, and reconciles every minute. */
const GROWING = { ...AT_ONCE, resync: 60_000, grow: TEMPLATE, max: 4 };

Deno.test("the fleet never has more instances than max, even if no launched instance comes into service while the load stays high (R3)", async () => {
  await using lab = await openPolledLab(fleetOf([], { kind: true, limits: GROWING, startTimeout: 30_000 }));
  for (let nth = 1; nth < 100; nth++) lab.cloud.machines.broken.add(lab.launched(nth));
  lab.cloud.machines.demand = 1;
  await lab.pass(6 * 3_600_000);
  // The fleet has the base instance and three quarantined instances.
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
