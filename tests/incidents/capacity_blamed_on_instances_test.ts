/**
 * EC2 had no capacity for a type in a zone. The Kubernetes cluster-autoscaler waited 15 minutes for nodes that could not
 * start, and tried the same group again. An earlier version of kas counted the lack of capacity as a failure of the instance,
 * and quarantined one node after another. kas now pauses the starts of the type in the zone, and doubles the pause after each
 * failure. It does not count a failure of the instance, and starts one soon after EC2 has capacity again (R7, R18).
 *
 * Source: https://github.com/kubernetes/autoscaler/issues/1263, https://github.com/kubernetes/autoscaler/pull/5756
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Lab } from "../support/lab/lab.ts";
import { countInService, openPolledLab } from "../support/lab/script.ts";

const MINUTE = 60_000;

/** A fleet of a base instance and two standby nodes. The base instance is busy, and EC2 has no capacity for the nodes. */
async function shortage(ms: number): Promise<Lab> {
  const limits = { ...AT_ONCE, resync: MINUTE };
  const lab = await openPolledLab(fleetOf([false, false], { kind: true, limits }));
  for (const place of [1, 2]) lab.cloud.faults.noCapacity.add(lab.id(place));
  lab.cloud.machines.demand = 1.5;
  await lab.pass(ms);
  lab.cloud.faults.noCapacity.clear();
  return lab;
}

/** Returns the number of StartInstances requests. */
function attempts({ cloud }: Lab): number {
  return cloud.calls.filter(({ action }) => action === "StartInstances").length;
}

for (const minutes of [5, 120]) {
  Deno.test(`after ${minutes} minutes without capacity kas starts a node within 16 minutes, and no node is quarantined (R7, R18)`, async () => {
    await using lab = await shortage(minutes * MINUTE);
    assertEquals(countInService(lab), 1);
    await lab.pass(17 * MINUTE);
    assert(countInService(lab) > 1, `${countInService(lab)} in service`);
    assertEquals(lab.cloud.fleet().filter(({ tags }) => "kas:quarantine" in tags), []);
  });
}

Deno.test("while EC2 lacks capacity, kas tries to start a node less and less often (R18)", async () => {
  await using first = await shortage(60 * MINUTE);
  await using second = await shortage(120 * MINUTE);
  const [one, two] = [attempts(first), attempts(second)];
  assert(one >= 6 && one <= 20, `${one} attempts in the first hour`);
  assert(two - one <= 10, `${two - one} attempts in the second hour`);
});
