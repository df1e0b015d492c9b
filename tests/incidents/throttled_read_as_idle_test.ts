/**
 * A T instance without CPU credits runs at its baseline: EC2 then shows 10 % of a saturated t2.micro. Three saturated instances at 10 %
 * look like a fleet that one instance can serve, and an autoscaler that trusts them stops one.
 *
 * kas reads the credits of instances at their baseline before it stops one, and holds if they are used up (R6).
 *
 * Source: EC2 user guide, "Standard mode for burstable performance instances"
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { countInService } from "../support/lab/script.ts";
import { Lab } from "../support/lab/lab.ts";

/** How many of three instances with this demand, in machines, are in service after an hour; and how many credit balances were read. */
async function anHour(demand: number, fault: string): Promise<{ inService: number; creditsRead: number }> {
  const limits = { ...AT_ONCE, resync: 60_000, cooldownIn: 60_000 };
  await using lab = await Lab.open(fleetOf([true, true], { kind: true, limits }));
  for (const InstanceId of lab.cloud.ids) {
    await lab.cloud.elsewhere("ec2", "ModifyInstanceCreditSpecification", {
      InstanceCreditSpecifications: [{ InstanceId, CpuCredits: "standard" }],
    });
  }
  lab.cloud.faults.set(fault);
  lab.cloud.machines.demand = demand;
  await lab.pass(360_000);
  await lab.start();
  await lab.pass(3_600_000);
  const creditsRead =
    lab.cloud.calls.filter(({ action, input }) =>
      action === "GetMetricData" && JSON.stringify(input).includes("CPUCreditBalance")
    ).length;
  return { inService: countInService(lab), creditsRead };
}

Deno.test("kas stops no instance while saturated T instances without CPU credits show their baseline (R6)", async () => {
  const { inService, creditsRead } = await anHour(3, "credits=10");
  assertEquals([inService, creditsRead > 0], [3, true]);
});

Deno.test("kas stops idle T instances without CPU credits, and reads no credits for it (R6)", async () => {
  assertEquals(await anHour(0.05, "credits=10"), { inService: 1, creditsRead: 0 });
});
