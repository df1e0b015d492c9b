/**
 * Compares the estimate of `kas admin cost` with the units that the sandbox bills for an hour of a fleet of 100, in virtual time.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { observeFleet } from "../../../src/admin/setup/cost/observe.ts";
import { HOURS_PER_MONTH } from "../../../src/admin/setup/cost/prices.ts";
import { type Usage, usageOf } from "../../../src/admin/setup/cost/usage.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import type { BilledUnits } from "../../../src/sandbox/account/billing.ts";
import { FLEET } from "../../support/lab/cloud.ts";
import { fleetOf } from "../../support/lab/fleet_plan.ts";
import { Lab } from "../../support/lab/lab.ts";

const MINUTE = 60_000;

/** The default settings of the rules. */
const DEFAULTS = {
  warmup: 120_000,
  cooldownOut: 0,
  cooldownIn: 60_000,
  resync: 60_000,
  metricDelay: 180_000,
  unhealthyAfter: 120_000,
};

/** The size of each fleet: a base instance and 99 nodes. */
const SIZE = 100;

/** What AWS bills for an hour of a fleet, and the estimate for an hour. */
interface Hour {
  readonly billed: BilledUnits;
  readonly estimate: Usage;
  /** The number of API calls that AWS does not bill. */
  readonly freeCalls: number;
}

/**
 * Simulates an hour of a fleet.
 *
 * @param serving how many nodes are in service at the beginning
 * @param demands the work to do in each part of the hour, as the number of machines that it keeps busy
 */
async function anHour(serving: number, demands: readonly number[]): Promise<Hour> {
  const nodes = Array.from({ length: SIZE - 1 }, (_, i) => i < serving);
  await using lab = await Lab.open(fleetOf(nodes, { limits: DEFAULTS }));
  await lab.start();
  await lab.subscribe();
  lab.cloud.machines.demand = demands[0] ?? 0;
  // Until then the alarms have no state yet.
  await lab.pass(10 * MINUTE);
  const { aws } = lab.kas.autoscaler;
  const { resync, metricDelay } = DEFAULTS;
  const fleet = {
    selector: { fleet: FLEET },
    balancer: balancerRef({ fleet: FLEET }),
    resync,
    metricDelay,
    scrape: { target: undefined, interval: 5_000 },
  };
  const [facts] = await Promise.all([observeFleet(aws, fleet), lab.pass(MINUTE)]);
  const [before, calls] = [lab.cloud.billed(), lab.cloud.calls.length];
  for (const demand of demands) {
    lab.cloud.machines.demand = demand;
    await lab.pass(60 / demands.length * MINUTE);
  }
  const after = lab.cloud.billed();
  const units = Object.keys(after) as (keyof BilledUnits)[];
  return {
    billed: Object.fromEntries(
      units.map((unit) => [unit, after[unit] - before[unit]]),
    ) as unknown as BilledUnits,
    estimate: usageOf(facts),
    freeCalls: lab.cloud.calls.slice(calls).filter(({ action }) => action !== "GetMetricData").length,
  };
}

/** Asserts that an estimate for a month is as high as a billed hour, within a share. */
function assertEstimate(estimate: number, billed: number, tolerance: number, what: string): void {
  const hour = estimate / HOURS_PER_MONTH;
  assert(Math.abs(hour - billed) <= tolerance * billed, `${what}: ${billed} billed, ${hour} estimated`);
}

Deno.test("for an hour of a quiet fleet of 100, AWS bills what kas admin cost estimates", async () => {
  const { billed, estimate, freeCalls } = await anHour(49, [25]);
  assertEstimate(estimate.metrics / 7 * HOURS_PER_MONTH, billed.detailedMonitoringHours, 0.02, "monitoring");
  assertEstimate(estimate.alarms * HOURS_PER_MONTH, billed.alarmHours, 0.02, "alarms");
  assertEstimate(
    (estimate.stoppedVolumes.get("gp3") ?? 0) / 8 * HOURS_PER_MONTH,
    billed.volumeHours - billed.instanceHours,
    0.02,
    "volumes",
  );
  assertEquals(billed.metricsRequested, estimate.metricReads.quiet);
  assertEquals(billed.messagesPublished, estimate.messages.quiet);
  assertEquals(billed.messageDeliveries, estimate.deliveries.quiet);
  assertEstimate(estimate.freeCalls, freeCalls, 0.1, "free calls");
});

Deno.test("for an hour in which a fleet of 100 shrinks all the time, AWS bills the metric reads that kas admin cost estimates for a busy month, within a quarter", async () => {
  const { billed, estimate } = await anHour(99, [5]);
  assertEstimate(estimate.metricReads.busy, billed.metricsRequested, 0.25, "metric reads");
  assertEstimate(estimate.metrics / 7 * HOURS_PER_MONTH, billed.detailedMonitoringHours, 0.15, "monitoring");
  assertEstimate(estimate.alarms * HOURS_PER_MONTH, billed.alarmHours, 0.02, "alarms");
});

Deno.test("for an hour in which the load of a fleet of 100 rises and falls, AWS bills at most what kas admin cost estimates for a busy month, and at least half", async () => {
  const { billed, estimate } = await anHour(60, [10, 60, 40, 15, 60, 20]);
  for (
    const [actual, { busy }] of [
      [billed.metricsRequested, estimate.metricReads],
      [billed.messagesPublished, estimate.messages],
      [billed.messageDeliveries, estimate.deliveries],
    ] as const
  ) {
    const estimated = busy / HOURS_PER_MONTH;
    assert(actual <= estimated && actual >= estimated / 2, `${actual}, estimated ${estimated}`);
  }
});
