/**
 * EC2 throttles a T instance without CPU credits to its baseline. The CPU of a saturated t2.micro is then 10 %. Three
 * saturated instances with 10 % each look like a load that one instance can carry, and an autoscaler may stop one of them.
 *
 * Before kas stops an instance, it reads the CPU credits of instances whose CPU is at the baseline. It stops no instance
 * while one of them has no credits (R6).
 *
 * Source: EC2 user guide, "Standard mode for burstable performance instances"
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AT_ONCE, fleetOf } from "../support/lab/fleet_plan.ts";
import { countInService } from "../support/lab/script.ts";
import { Lab } from "../support/lab/lab.ts";

/**
 * Simulates an hour of a fleet of three instances. Returns how many are in service after it, and how many credit balances kas
 * read. `demand` is the number of instances that the load keeps busy.
 */
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
