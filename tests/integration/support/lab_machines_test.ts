import { assertEquals } from "@std/assert";
import { fleetOf } from "../../support/lab/fleet_plan.ts";
import { Lab } from "../../support/lab/lab.ts";
import { BASE, FIRST } from "../../support/lab/script.ts";

/** Opens a lab with a base instance and a node in service, and without an autoscaler. */
function open(): Promise<Lab> {
  return Lab.open(fleetOf([true], { kind: true }));
}

Deno.test("a machine of the lab that hangs goes out of service, and answers the requests that it holds when it continues", async () => {
  await using lab = await open();
  lab.cloud.faults.set(`hangs=${lab.id(FIRST)}:5m`);
  const statuses = Promise.all([lab.cloud.work(), lab.cloud.work()]);
  await lab.pass(50_000);
  assertEquals(lab.status(FIRST), "running out-of-service");
  await lab.pass(5 * 60_000);
  assertEquals(lab.status(FIRST), "running in-service");
  // The load balancer's idle timeout is 60 s.
  assertEquals((await statuses).toSorted(), [200, 504]);
});

Deno.test("a machine of the lab that dies refuses requests, until EC2 stops and starts its instance", async () => {
  await using lab = await open();
  const InstanceIds = [lab.id(FIRST)];
  lab.cloud.faults.set(`dies=${lab.id(FIRST)}`);
  await lab.pass(50_000);
  assertEquals(lab.status(FIRST), "running out-of-service");
  await lab.cloud.elsewhere("ec2", "StopInstances", { InstanceIds });
  await lab.pass(20_000);
  await lab.cloud.elsewhere("ec2", "StartInstances", { InstanceIds });
  await lab.pass(60_000);
  assertEquals([lab.status(BASE), lab.status(FIRST)], ["running in-service", "running in-service"]);
});
