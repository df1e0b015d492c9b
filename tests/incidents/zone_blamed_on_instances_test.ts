/**
 * The load balancer of CloudGoat did not serve the zone of its instance. ELB reported the instance as OutOfService, whatever
 * its health. An earlier version of kas quarantined such nodes.
 *
 * If the load balancer does not serve a zone, kas pauses the starts in this zone. The reason names the zone, and the command
 * that adds the zone to the load balancer (R18).
 *
 * Source: https://github.com/RhinoSecurityLabs/cloudgoat/issues/19
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { zones } from "../../src/sandbox/ec2/zones.ts";
import { FLEET, REGION } from "../support/lab/cloud.ts";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { countInService, FIRST, openPolledLab, startedIds } from "../support/lab/script.ts";

Deno.test("kas quarantines no node in a zone that the load balancer does not serve, and starts the node soon after somebody adds the zone (R18)", async () => {
  const plan = fleetOf([false], {
    kind: true,
    limits: { ...AT_ONCE, resync: 60_000 },
    startTimeout: 120_000,
  });
  await using lab = await openPolledLab(plan);
  const zone = zones(REGION)[1] ?? "";
  const balancer = lab.cloud.account.current.balancers.get(FLEET);
  assert(balancer !== undefined);
  lab.cloud.account.putBalancer({ ...balancer, zones: zones(REGION).slice(0, 1) });
  lab.cloud.machines.demand = 1.2;
  await lab.pass(600_000);
  assertEquals([countInService(lab), lab.cloud.truth(lab.id(FIRST))?.tags["kas:quarantine"]], [1, undefined]);
  const [failed] = lab.kas.journal.lines(50, lab.time.now()).filter(({ status }) => status === "failed");
  assertStringIncludes(failed?.reason ?? "", zone);
  assertStringIncludes(failed?.reason ?? "", "kas admin setup");
  await lab.pass(3_000_000);
  const starts = startedIds(lab).length;
  assert(starts <= 10, `${starts} starts in an hour`);
  await lab.cloud.elsewhere("elb", "EnableAvailabilityZonesForLoadBalancer", {
    LoadBalancerName: FLEET,
    AvailabilityZones: [zone],
  });
  await lab.pass(20 * 60_000);
  assertEquals(countInService(lab), 2);
});
