/**
 * Users of Karpenter wanted it to replace unhealthy nodes. The maintainers saw a problem: if the cause is outside the nodes,
 * every new node is unhealthy too, and the replacement never ends. An earlier version of kas quarantined each node that it
 * tried, until no node was left. If instances that were healthy before also fail the health check, kas does not count a
 * failure of the started instance. It pauses all starts. After the repair it can start every node (R18).
 *
 * Source: https://github.com/kubernetes-sigs/karpenter/issues/750
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import type { Lab } from "../support/lab/lab.ts";
import { askForMore, countInService, openNotifiedLab, startedIds } from "../support/lab/script.ts";

const PLACES = [0, 1, 2, 3];

/** How the health checks of the base instance and of all nodes fail. */
const FAILURES: readonly [string, (lab: Lab, id: string) => void][] = [
  ["load balancer's", (lab, id) => void lab.cloud.faults.unhealthy.add(id)],
  ["autoscaler's", (lab, id) => void lab.cloud.machines.broken.add(id)],
];

for (const [whose, fail] of FAILURES) {
  Deno.test(`while the ${whose} health checks of all instances fail, kas quarantines none, and can start all of them after the repair (R18)`, async () => {
    const limits = { ...AT_ONCE, resync: 60_000 };
    await using lab = await openNotifiedLab(
      fleetOf([false, false, false], { kind: true, limits, startTimeout: 120_000 }),
    );
    for (const place of PLACES) fail(lab, lab.id(place));
    await lab.pass(60_000);
    for (let i = 0; i < 30; i++) {
      await askForMore(lab);
      await lab.pass(120_000);
    }
    const starts = startedIds(lab).length;
    assert(starts >= 3 && starts <= 15, `${starts} starts in an hour`);
    assertEquals(lab.cloud.fleet().filter(({ tags }) => "kas:quarantine" in tags), []);
    lab.cloud.faults.unhealthy.clear();
    lab.cloud.machines.broken.clear();
    await lab.pass(16 * 60_000);
    for (const _ of PLACES) {
      await askForMore(lab);
      await lab.pass(120_000);
    }
    assertEquals(countInService(lab), PLACES.length);
  });
}
