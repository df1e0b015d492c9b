/**
 * CloudStack did not count stopped machines that had failed to start towards the maximum of their group. While the load was
 * high, it added a machine at every interval: 2,296 machines with a maximum of 2, and 30,000 in another account with a
 * maximum of 4. Without --grow, kas launches no instance, but it could start the same broken instances without end. So kas
 * quarantines an instance after three failed health checks in a row, and does not start it again (R7, R18).
 *
 * Source: https://github.com/apache/cloudstack/issues/14185, https://github.com/apache/cloudstack/issues/9318
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { openPolledLab, startedIds } from "../support/lab/script.ts";

const HOUR = 3_600_000;

Deno.test("while the load stays high, kas starts an instance that fails its health check less and less often, and quarantines it (R18)", async () => {
  const limits = { ...AT_ONCE, resync: 60_000 };
  await using lab = await openPolledLab(
    fleetOf([false, false, false], { kind: true, limits, startTimeout: 30_000 }),
  );
  const nodes = [1, 2, 3].map((place) => lab.id(place));
  for (const id of nodes) lab.cloud.machines.broken.add(id);
  lab.cloud.machines.demand = 1;
  await lab.pass(4 * HOUR);
  const all = startedIds(lab).length;
  assert(all >= 9 && all <= 40, `${all} starts`);
  assertEquals(
    nodes.map((id) => [lab.cloud.truth(id)?.state, "kas:quarantine" in (lab.cloud.truth(id)?.tags ?? {})]),
    [["stopped", true], ["stopped", true], ["stopped", true]],
  );
  await lab.pass(HOUR);
  assertEquals(startedIds(lab).length, all);
});
