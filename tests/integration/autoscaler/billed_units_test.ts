/**
 * Counts the units that AWS would bill for an hour of a fleet, in virtual time.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fleetOf } from "../../support/lab/fleet_plan.ts";
import { Lab } from "../../support/lab/lab.ts";
import { countInService } from "../../support/lab/script.ts";

const MINUTE = 60_000;

/** The default settings of the rules. */
const DEFAULTS = {
  warmup: 120_000,
  cooldownOut: 0,
  cooldownIn: 60_000,
  resync: 60_000,
  metricDelay: 180_000,
};

/**
 * Simulates an hour of a fleet. `asked` is the number of metrics that kas requested. `ifAlways` is the number if each
 * reconcile read the CPU of each running instance.
 */
async function anHour(
  serving: readonly boolean[],
  demands: readonly number[],
): Promise<{ readonly asked: number; readonly ifAlways: number; readonly most: number }> {
  await using lab = await Lab.open(fleetOf(serving, { limits: DEFAULTS }));
  await lab.cloud.elsewhere("ec2", "MonitorInstances", { InstanceIds: [...lab.cloud.ids] });
  await lab.start();
  await lab.subscribe();
  let most = 0;
  for (const demand of demands) {
    lab.cloud.machines.demand = demand;
    await lab.pass(10 * MINUTE);
    most = Math.max(most, countInService(lab));
  }
  const { metricsRequested, instanceHours } = lab.cloud.billed();
  return { asked: metricsRequested, ifAlways: 60 * instanceHours, most };
}

Deno.test("in an hour with a fleet at its minimum, kas requests no metric from CloudWatch", async () => {
  assertEquals((await anHour([false, false, false], [0, 0, 0, 0, 0, 0])).asked, 0);
});

Deno.test("in an hour of constant load, kas requests at most a tenth of the metrics that reading the CPU at each reconcile would need", async () => {
  const { asked, ifAlways } = await anHour([true, true, true, false, false], [2, 2, 2, 2, 2, 2]);
  assert(asked <= ifAlways / 10, `asked for ${asked} metrics`);
});

Deno.test("in an hour in which a fleet grows and shrinks, kas requests little more than half of the metrics that reading the CPU at each reconcile would need", async () => {
  const { asked, ifAlways, most } = await anHour([false, false, false, false, false], [
    0.2,
    3,
    3,
    3,
    0.2,
    0.2,
  ]);
  assert(most > 1, `at most ${most} in service`);
  // Before a stop kas also requests the CPU credits of instances whose CPU is at the baseline of their type.
  assert(asked > 0 && asked <= 0.55 * ifAlways, `asked for ${asked} metrics of ${ifAlways}`);
});
