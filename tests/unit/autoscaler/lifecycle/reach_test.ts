import { assertEquals } from "@std/assert";
import { fleetOf } from "../../../support/lab/fleet_plan.ts";
import { askForMore, FIRST, openNotifiedLab } from "../../../support/lab/script.ts";

/** The status of a node that kas starts while it reaches no instance itself, after the start has ended. */
async function startedBlind(isBroken: boolean): Promise<string> {
  await using lab = await openNotifiedLab(fleetOf([false], { kind: true }));
  lab.isBlind = true;
  if (isBroken) lab.cloud.machines.broken.add(lab.id(FIRST));
  await askForMore(lab);
  await lab.pass(300_000);
  return lab.status(FIRST);
}

Deno.test("a node comes into service though kas's own health check reaches no instance: the load balancer decides (R9)", async () => {
  assertEquals(await startedBlind(false), "running in-service");
});

Deno.test("a node that the load balancer finds unhealthy is stopped, though kas's own health check reaches no instance (R9)", async () => {
  assertEquals(await startedBlind(true), "stopped none");
});
