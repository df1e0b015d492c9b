import { assertEquals } from "@std/assert";
import { fleetOf } from "../../../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab } from "../../../support/lab/script.ts";

/** Starts a node while kas's own health checks get no answer from any instance. Returns the status of the node after its start. */
async function startedBlind(isBroken: boolean): Promise<string> {
  await using lab = await openNotifiedLab(fleetOf([false], { kind: true }));
  lab.isBlind = true;
  if (isBroken) lab.cloud.machines.broken.add(lab.id(FIRST));
  await askForMore(lab);
  await lab.pass(300_000);
  return lab.status(FIRST);
}

Deno.test("a healthy node comes into service even if kas's own health checks get no answer from any instance (R9)", async () => {
  assertEquals(await startedBlind(false), "running in-service");
});

Deno.test("if kas's own health checks get no answer from any instance, kas stops a node that the load balancer finds unhealthy (R9)", async () => {
  assertEquals(await startedBlind(true), "stopped none");
});
