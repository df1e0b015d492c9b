/**
 * CloudStack did not count machines that had failed to start, and were stopped, towards the maximum of their group. While the load
 * lasted, every interval added one: 2,296 machines with a maximum of 2, and 30,000 in another account with a maximum of 4.
 *
 * Without --grow, kas launches nothing, but it could start the same broken instances without end. An instance that fails to come into
 * service is quarantined, and not started again (R7, R9).
 *
 * Source: https://github.com/apache/cloudstack/issues/14185, https://github.com/apache/cloudstack/issues/9318
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { openPolledLab, startedIds } from "../support/lab/script.ts";

Deno.test("kas starts each instance that fails to come into service only once, however long the high load lasts (R7, R9)", async () => {
  const limits = { ...AT_ONCE, resync: 60_000 };
  await using lab = await openPolledLab(
    fleetOf([false, false, false], { kind: true, limits, startTimeout: 30_000 }),
  );
  const nodes = [1, 2, 3].map((place) => lab.id(place));
  for (const id of nodes) lab.cloud.machines.broken.add(id);
  lab.cloud.machines.demand = 1;
  await lab.pass(3_600_000);
  assertEquals(startedIds(lab).toSorted(), nodes);
  assertEquals(nodes.map((id) => lab.cloud.truth(id)?.state), ["stopped", "stopped", "stopped"]);
});
