/**
 * The reads of a load balancer may show an old state, as those of EC2 may. After a read without the drained instance, the
 * next read may show its registration from before the end of draining. An autoscaler may conclude that somebody has
 * registered the instance again, and does not stop it.
 *
 * After an instance has drained, kas believes a registration only if the load balancer has shown it for 30 s.
 *
 * Source: https://github.com/boto/boto3/issues/4386, for EC2's reads
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { FIRST, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("a stop succeeds even if the load balancer's reads show a state from before the end of draining", async () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await using lab = await openNotifiedLab(fleetOf([true], { seed }));
    lab.cloud.faults.readLag = 10_000;
    await reportIdle(lab, FIRST);
    await lab.pass(120_000);
    const [stop] = lab.kas.journal.lines(1, lab.time.now());
    assertEquals([stop?.status, lab.status(FIRST)], ["successful", "stopped none"], `seed ${seed}`);
  }
});
