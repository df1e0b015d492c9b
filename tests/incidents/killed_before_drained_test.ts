/**
 * Kubernetes' cluster-autoscaler terminates an AWS instance while the instance still serves requests of the load balancer.
 * Clients then receive a 502. kops had the same problem with a Classic Load Balancer, until it waited for connection
 * draining.
 *
 * kas stops an instance only after the instance has drained (R10).
 *
 * Source: https://github.com/kubernetes/autoscaler/issues/1907, https://github.com/kubernetes/kops/pull/12902
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { FIRST, holdRequests, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("kas stops no instance before the instance has answered its last request (R10)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true }));
  const answers = await holdRequests(lab);
  await reportIdle(lab, FIRST);
  await lab.pass(120_000);
  assertEquals(lab.status(FIRST), "running draining");
  lab.cloud.machines.release();
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "stopped none");
  assertEquals(new Set(await Promise.all(answers)), new Set([200]));
});
