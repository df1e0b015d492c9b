/**
 * Commands of operators that reach a running autoscaler, in the lab.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { type Command, operate as send } from "../../../support/lab/operator.ts";
import { countInService, FIRST, openNotifiedLab } from "../../../support/lab/script.ts";

const LIMITS = { ...AT_ONCE, resync: 60_000, min: 2 };

/** Longer than a reconcile and a start take in the lab, in ms. */
const RESTORED = 180_000;

/** Sends a command to the autoscaler. Returns its answer. */
async function operate(lab: Lab, command: Command, body: object) {
  const response = await send(lab, command, body);
  assertEquals(response?.status, 200);
  return await response?.json();
}

/** Opens a lab whose two instances are in service, pauses scaling out, and terminates one instance. */
async function belowMin(more: { readonly until?: number } = {}): Promise<Lab> {
  const lab = await openNotifiedLab(fleetOf([true, false], { limits: LIMITS, startTimeout: 120_000 }));
  await operate(lab, "pause", { directions: ["out"], ...more });
  await lab.cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [lab.id(FIRST)] });
  await lab.pass(RESTORED);
  return lab;
}

Deno.test("while scaling out is paused, kas does not restore the minimum; resuming restores it (R20)", async () => {
  await using lab = await belowMin();
  assertEquals(countInService(lab), 1);
  const [last] = lab.kas.journal.lines(1, 0);
  assertEquals(lab.kas.journal.checks(last?.id ?? 0), ["paused"]);
  lab.kill(1_000);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 1);
  await operate(lab, "resume", { directions: ["out"] });
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 2);
});

Deno.test("when the time of a pause is over, kas restores the minimum (R20)", async () => {
  await using lab = await belowMin({ until: Date.UTC(2026, 0, 5, 9, 30) });
  assertEquals(countInService(lab), 1);
  await lab.pass(1_800_000 + RESTORED);
  assertEquals(countInService(lab), 2);
});

Deno.test("an activity that is in progress when an operator pauses the scaling continues (R20)", async () => {
  await using lab = await openNotifiedLab(fleetOf([false], { limits: LIMITS, startTimeout: 120_000 }));
  for (let i = 0; i < 60 && lab.kas.journal.unfinished().length === 0; i++) await lab.pass(1_000);
  await operate(lab, "pause", { directions: ["out", "in"] });
  await lab.pass(RESTORED);
  assertEquals(lab.status(FIRST), "running in-service");
});

Deno.test("the autoscaler carries out an operator's command despite its cooldown, but not while an operator paused the direction (R5, R20)", async () => {
  const limits = { ...LIMITS, min: 1, cooldownOut: 3_600_000, resync: 3_600_000 };
  await using lab = await openNotifiedLab(
    fleetOf([false, false, false], { limits, startTimeout: 120_000 }),
  );
  const command = { direction: "out", dryRun: false };
  for (const expected of [2, 3]) {
    const { actions } = await operate(lab, "scale", command);
    assertEquals(actions.map(({ kind }: { readonly kind: string }) => kind), ["start"]);
    await lab.pass(RESTORED);
    assertEquals(countInService(lab), expected);
  }
  await operate(lab, "pause", { directions: ["out"] });
  const { actions, checks } = await operate(lab, "scale", command);
  assertEquals([actions, checks], [[], ["paused"]]);
  await lab.pass(RESTORED);
  assertEquals(countInService(lab), 3);
});

Deno.test("an operator's command with dryRun leaves no trace in the journal", async () => {
  await using lab = await openNotifiedLab(
    fleetOf([false], { limits: { ...LIMITS, min: 1, resync: 3_600_000 }, startTimeout: 120_000 }),
  );
  const before = lab.kas.journal.lines(10, 0);
  const { actions, activities } = await operate(lab, "scale", { direction: "out", dryRun: true });
  assertEquals([actions.length, activities], [1, []]);
  await lab.pass(RESTORED);
  assertEquals([countInService(lab), lab.kas.journal.lines(10, 0)], [1, before]);
});
