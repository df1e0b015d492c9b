/**
 * The autoscaler under a constant load, on an AWS whose metrics are up to three minutes late, and whose instances take all of their
 * CPU to boot. The same loads in the simulation: tests/unit/scaling/simulate/delays_test.ts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BOOT } from "../../src/sandbox/faults/defaults.ts";
import type { Limits } from "../../src/scaling/model/limits.ts";
import { countInService } from "../support/lab/script.ts";
import { fleetOf } from "../support/lab/fleet_plan.ts";
import { Lab } from "../support/lab/lab.ts";
import { DEFAULTS } from "../unit/scaling/simulate/limits.ts";
import { seedOf, sizeOf } from "./proofs.ts";

const FLEET = 10;

const HOUR = 3_600_000;

/** The outcome of an hour with a constant load. All times are in ms. */
interface Outcome {
  readonly starts: number;
  readonly stops: number;
  /** The time from the beginning of the load to the last start or stop. */
  readonly lastAction: number;
  /** The greatest number of instances that ran at the same time. */
  readonly mostRunning: number;
  /** The number of instances in service at the end. */
  readonly inService: number;
  /** The number of instances in quarantine at the end. None of the instances is faulty. */
  readonly quarantined: number;
}

/** Opens a lab with a fleet of 10 instances, `inService` of them in service. */
async function openFleet(inService: number, metricDelay: number, seed: number, limits: Limits): Promise<Lab> {
  const nodes = Array.from({ length: FLEET - 1 }, (_, i) => i < inService - 1);
  const faults = [`metric-delay=${metricDelay}s`];
  return await Lab.open(
    fleetOf(nodes, { seed, limits, faults, startTimeout: 300_000, drainTimeout: 315_000 }),
  );
}

/**
 * Runs a fleet of 10 instances, `inService` of them in service, for an hour under a load that needs `need` instances.
 */
async function anHour(
  need: number,
  inService: number,
  metricDelay: number,
  seed: number,
  limits: Limits = DEFAULTS,
): Promise<Outcome> {
  await using lab = await openFleet(inService, metricDelay, seed, limits);
  // At 70 % CPU an instance is busy.
  lab.cloud.machines.demand = 0.7 * (need - 0.5);
  // Let the load be constant for some time before the measurement begins.
  await lab.pass(600_000);
  await lab.start();
  await lab.subscribe();
  const begin = lab.time.now();
  let mostRunning = 0;
  using _watch = lab.cloud.account.watch(() => {
    const running = lab.cloud.fleet().filter(({ state }) => state === "pending" || state === "running");
    mostRunning = Math.max(mostRunning, running.length);
  });
  await lab.pass(HOUR);
  const done = (action: string) =>
    lab.cloud.calls.filter((call) => call.action === action && call.error === undefined);
  const [starts, stops] = [done("StartInstances"), done("StopInstances")];
  return {
    starts: starts.length,
    stops: stops.length,
    lastAction: Math.max(0, ...[...starts, ...stops].map(({ at }) => at - begin)),
    mostRunning,
    inService: countInService(lab),
    quarantined: lab.cloud.fleet().filter(({ tags }) => tags["kas:quarantine"] !== undefined).length,
  };
}

const FIRST = seedOf();
const SEEDS = Array.from({ length: sizeOf("constant-load") }, (_, i) => FIRST + i);

for (const delay of [0, 60, 90, 120, 180]) {
  for (const need of [2, 5, 9]) {
    Deno.test(`a constant load for the ${need} instances in service leads to at most one start and one stop, with metrics ${delay} s late`, async () => {
      for (const seed of SEEDS) {
        const { starts, stops } = await anHour(need, need, delay, seed);
        assert(starts <= 1 && stops <= 1, `${starts} starts, ${stops} stops, seed ${seed}`);
      }
    });

    Deno.test(`a fleet of 1 instance reaches the ${need} instances for a constant load in 30 min, never 3 more, with metrics ${delay} s late`, async () => {
      for (const seed of SEEDS) {
        const { lastAction, mostRunning, inService, quarantined } = await anHour(need, 1, delay, seed);
        assert(lastAction <= HOUR / 2, `an action after ${lastAction / 1_000} s, seed ${seed}`);
        assert(mostRunning <= need + 2, `${mostRunning} run, seed ${seed}`);
        assert(inService >= need, `${inService} in service, seed ${seed}`);
        assertEquals(quarantined, 0, `seed ${seed}`);
      }
    });
  }
}

/** The time of an hour that a step of the load from 1 to 6 instances takes until 6 instances are in service, in ms. */
async function timeUntilServed(metricDelay: number, seed: number): Promise<number> {
  await using lab = await openFleet(1, metricDelay, seed, DEFAULTS);
  lab.cloud.machines.demand = 0.35;
  await lab.pass(600_000);
  await lab.start();
  await lab.subscribe();
  const begin = lab.time.passed;
  lab.cloud.machines.demand = 0.7 * 5.5;
  while (countInService(lab) < 6 && lab.time.passed - begin < HOUR) await lab.pass(10_000);
  return lab.time.passed - begin;
}

for (const delay of [0, 90, 180]) {
  Deno.test(`a step of the load from 1 to 6 instances is served within boot time, metric delay and 15 min, with metrics ${delay} s late`, async () => {
    const [, boot] = BOOT;
    // A minute until the datapoint is complete, and 30 s for two health checks.
    const most = boot + 60_000 + 30_000 + delay * 1_000 + 900_000;
    for (const seed of SEEDS) {
      const time = await timeUntilServed(delay, seed);
      assert(time <= most, `${time / 1_000} s of ${most / 1_000} s, seed ${seed}`);
    }
  });
}

Deno.test("a constant load makes the fleet oscillate if kas takes late metrics and the CPU of a boot for the load", async () => {
  const { starts, stops } = await anHour(2, 1, 180, 1, { ...DEFAULTS, warmup: 0, metricDelay: 0 });
  assert(starts >= 5 && stops >= 5, `${starts} starts, ${stops} stops`);
});
