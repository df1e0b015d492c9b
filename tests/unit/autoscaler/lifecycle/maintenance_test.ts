/**
 * An operator detaches instances for maintenance while the autoscaler runs, in the lab.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import {
  askForMore,
  countInService,
  FIRST,
  openNotifiedLab,
  startedIds,
} from "../../../support/lab/script.ts";

const SECOND = 2;

/** Detaches a stopped or starting instance as `kas admin instances detach` does. */
async function detach(lab: Lab, id: string): Promise<void> {
  const Tags = [{ Key: "kas:detached", Value: "2026-01-05T09:00:00Z" }];
  await lab.cloud.elsewhere("ec2", "CreateTags", { Resources: [id], Tags });
}

Deno.test("kas starts another node instead of one that is detached for maintenance", async () => {
  await using lab = await openNotifiedLab(fleetOf([false, false], { kind: true }));
  await detach(lab, lab.id(FIRST));
  await askForMore(lab);
  await lab.pass(120_000);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", "running in-service"]);
});

Deno.test("if an operator detaches a node during its start, and the start fails, kas leaves the node running and starts another", async () => {
  const plan = { kind: true, startTimeout: 30_000, limits: { ...AT_ONCE, resync: 60_000, min: 2 } };
  await using lab = await openNotifiedLab(fleetOf([false, false], plan));
  lab.cloud.machines.broken.add(lab.id(FIRST));
  for (let i = 0; i < 120 && startedIds(lab).length === 0; i++) await lab.pass(1_000);
  await detach(lab, lab.id(FIRST));
  await lab.pass(300_000);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["running none", "running in-service"]);
  assertEquals([startedIds(lab), countInService(lab)], [[lab.id(FIRST), lab.id(SECOND)], 2]);
  assertEquals(lab.cloud.truth(lab.id(FIRST))?.tags["kas:quarantine"], undefined);
});
