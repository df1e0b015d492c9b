/**
 * The reads of a load balancer can go back in time as those of EC2 do: after one without an instance, the next one may show the
 * registration from before the end of draining. An autoscaler that takes this for somebody else's registration gives up the stop.
 *
 * During a stop kas believes a registration after the end of draining only once the load balancer has shown it for 30 s.
 *
 * Source: https://github.com/boto/boto3/issues/4386, for EC2's reads
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { FIRST, openNotifiedLab, reportIdle } from "../support/lab/script.ts";

Deno.test("a stop succeeds though the load balancer's reads go back in time", async () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await using lab = await openNotifiedLab(fleetOf([true], { seed }));
    lab.cloud.faults.readLag = 10_000;
    await reportIdle(lab, FIRST);
    await lab.pass(120_000);
    const [stop] = lab.kas.journal.lines(1, lab.time.now());
    assertEquals([stop?.status, lab.status(FIRST)], ["successful", "stopped none"], `seed ${seed}`);
  }
});
