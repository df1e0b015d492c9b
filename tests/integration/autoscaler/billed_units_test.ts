/**
 * What an hour of a fleet costs in the units that AWS bills, on virtual time.
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

/** The metrics that an hour of a fleet asks for, and what they were if each reconcile read the load of each running instance. */
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

Deno.test("an hour of a fleet at its minimum asks CloudWatch for no metric", async () => {
  assertEquals((await anHour([false, false, false], [0, 0, 0, 0, 0, 0])).asked, 0);
});

Deno.test("an hour of a constant load asks for a tenth of the metrics of its instances", async () => {
  const { asked, ifAlways } = await anHour([true, true, true, false, false], [2, 2, 2, 2, 2, 2]);
  assert(asked <= ifAlways / 10, `asked for ${asked} metrics`);
});

Deno.test("an hour of a fleet that grows and shrinks asks for little more than half of the metrics of its instances", async () => {
  const { asked, ifAlways, most } = await anHour([false, false, false, false, false], [
    0.2,
    3,
    3,
    3,
    0.2,
    0.2,
  ]);
  assert(most > 1, `at most ${most} in service`);
  // Before a stop kas also asks for the CPU credits of instances whose CPU is at the baseline of their type.
  assert(asked > 0 && asked <= 0.55 * ifAlways, `asked for ${asked} metrics of ${ifAlways}`);
});
