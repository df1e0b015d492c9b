import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import { operate } from "../../../support/lab/operator.ts";
import { countInService, openNotifiedLab } from "../../../support/lab/script.ts";

const MINUTE = 60_000;

Deno.test("kas scales in to the capacity of an operator when the check that held it back passes (R22)", async () => {
  const limits = { ...AT_ONCE, resync: 10_000, warmup: 5 * MINUTE };
  await using lab = await openNotifiedLab(fleetOf([false, false], { kind: true, limits }));
  const scaleTo = async (capacity: number) => {
    const command = { direction: "to", capacity, until: lab.clock + 60 * MINUTE, dryRun: false };
    assertEquals((await operate(lab, "scale", command))?.status, 200);
  };
  await scaleTo(3);
  await lab.pass(2 * MINUTE);
  assertEquals(countInService(lab), 3);
  await scaleTo(1);
  assertEquals(countInService(lab), 3);
  await lab.pass(10 * MINUTE);
  assertEquals(countInService(lab), 1);
});
