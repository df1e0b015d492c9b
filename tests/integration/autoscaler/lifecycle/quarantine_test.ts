/**
 * Tests in the lab when a quarantine ends (R18).
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import { FIRST, openPolledLab, startedIds } from "../../../support/lab/script.ts";

const HOUR = 3_600_000;

/** kas reconciles every ten minutes. */
const PLAN = { kind: true, limits: { ...AT_ONCE, resync: 600_000 }, startTimeout: 30_000 };

Deno.test("kas starts a node again 24 hours after its quarantine (R18)", async () => {
  await using lab = await openPolledLab(fleetOf([false], PLAN));
  lab.cloud.machines.broken.add(lab.id(FIRST));
  lab.cloud.machines.demand = 1;
  await lab.pass(HOUR);
  const value = lab.cloud.truth(lab.id(FIRST))?.tags["kas:quarantine"] ?? "";
  assertMatch(value, /^until 2026-01-06T09:\d\d:\d\dZ: .* health check/);
  const starts = startedIds(lab).length;
  await lab.pass(23 * HOUR);
  assertEquals(startedIds(lab).length, starts);
  lab.cloud.machines.broken.clear();
  await lab.pass(HOUR);
  assertEquals(lab.status(FIRST), "running in-service");
});

Deno.test("a quarantine whose tag has no end ends 24 hours after kas first saw it, even if kas restarts meanwhile (R18)", async () => {
  const node = { zone: 0, serving: false, quarantined: true, grouped: false };
  await using lab = await openPolledLab(fleetOf([], { ...PLAN, nodes: [node] }));
  lab.cloud.machines.demand = 1;
  await lab.pass(12 * HOUR);
  await lab.shutDown();
  await lab.start();
  await lab.pass(11.5 * HOUR);
  assertEquals(lab.status(FIRST), "stopped none");
  await lab.pass(HOUR);
  assertEquals(lab.status(FIRST), "running in-service");
});
