import { assertEquals, assertNotEquals } from "@std/assert";
import { fleetOf } from "../../../support/lab/fleet_plan.ts";
import { askForMore, BASE, FIRST, openNotifiedLab } from "../../../support/lab/script.ts";

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

for (const isBroken of [false, true]) {
  const [node, expected] = isBroken ? ["an unhealthy", "stopped none"] : ["a healthy", "running in-service"];
  Deno.test(`an autoscaler outside the VPC starts ${node} node of a fleet without an instance in service: it is ${expected} (R9)`, async () => {
    await using lab = await openNotifiedLab(fleetOf([false], { kind: true }));
    lab.isBlind = true;
    lab.cloud.machines.broken.add(lab.id(BASE));
    if (isBroken) lab.cloud.machines.broken.add(lab.id(FIRST));
    await lab.pass(60_000);
    await askForMore(lab);
    await lab.pass(300_000);
    assertEquals(lab.status(FIRST), expected);
  });
}

Deno.test("a node that boots for longer than kas waits for a comparison is registered only when it answers (R9)", async () => {
  await using lab = await openNotifiedLab(fleetOf([false], { kind: true, startTimeout: 300_000 }));
  lab.isBlind = true;
  lab.cloud.machines.broken.add(lab.id(BASE));
  await lab.pass(60_000);
  await askForMore(lab);
  // Nothing is in service, so that silence may mean a boot.
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "running none");
  lab.isBlind = false;
  await lab.pass(60_000);
  assertEquals(lab.status(FIRST), "running in-service");
});

Deno.test("with --health-check none, kas registers an instance as soon as it runs, and the load balancer decides (R9)", async () => {
  for (const isBroken of [false, true]) {
    await using lab = await openNotifiedLab(
      fleetOf([false], { kind: true, healthCheck: { protocol: "none" } }),
    );
    lab.isBlind = true;
    if (isBroken) lab.cloud.machines.broken.add(lab.id(FIRST));
    await askForMore(lab);
    while (!lab.status(FIRST).startsWith("running")) await lab.pass(1_000);
    await lab.pass(5_000);
    assertNotEquals(lab.status(FIRST), "running none");
    await lab.pass(300_000);
    assertEquals(lab.status(FIRST), isBroken ? "stopped none" : "running in-service");
  }
});
