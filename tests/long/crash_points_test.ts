/**
 * Crash points (R13, I6): the autoscaler crashes right before or right after a call to AWS or a write to its database,
 * and starts again. The result must be the same as without a crash. The test runs on virtual time. `KAS_TEST_SIZE` sets
 * the number of crash points; `Infinity` means all. With `KAS_TEST_SEED` the test chooses the same points again.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/sandbox/random.ts";
import type { CrashPoint } from "../support/lab/lab.ts";
import { type Run, run } from "./crash_points/run.ts";
import { CAPACITY_SCENARIOS } from "./crash_points/capacity_scenarios.ts";
import { NO_BALANCER_SCENARIOS } from "./crash_points/no_balancer_scenarios.ts";
import { type Scenario, SCENARIOS } from "./crash_points/scenarios.ts";
import { seedOf, sizeOf } from "./proofs.ts";

/** How long the autoscaler is down after a crash, in ms. */
const DOWN = 2_000;

/** The number of crash points. */
const CRASHES = sizeOf("crash-points");

/** How many failures the report shows in full. */
const MOST_REPORTED = 5;

/** A crash point in a scenario. */
interface Place {
  readonly scenario: Scenario;
  readonly reference: Run;
  readonly point: CrashPoint;
}

Deno.test("a crash of the autoscaler at any AWS call or journal write does not change the result (R13, I6)", async () => {
  const seed = seedOf();
  const begun = performance.now();
  const places: Place[] = [];
  const scenarios = [...SCENARIOS, ...CAPACITY_SCENARIOS, ...NO_BALANCER_SCENARIOS];
  for (const scenario of scenarios) places.push(...await placesOf(scenario));
  const crashes = new Map<string, number>();
  const failures: string[] = [];
  for (const { scenario, reference, point } of some(places, seed)) {
    const ran = await run(scenario, point);
    if (ran.crashed) crashes.set(scenario.name, (crashes.get(scenario.name) ?? 0) + 1);
    const where = `${scenario.name}, crashed right ${point.moment} ${point.at} ${point.nth}`;
    try {
      assert(ran.crashed, "the point was not reached");
      assertEquals(ran.end, reference.end);
      assertEquals(ran.violations, []);
    } catch (error) {
      failures.push(`${where}: ${(error as Error).message}`);
    }
  }
  const count = crashes.values().reduce((sum, n) => sum + n, 0);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  say(`crash points: ${count} crashes, of ${places.length} points, with KAS_TEST_SEED=${seed}, ${seconds} s`);
  for (const [name, n] of crashes) say(`  ${String(n).padStart(4)}  ${name}`);
  assertEquals(failures.slice(0, MOST_REPORTED), [], `${failures.length} failures`);
  assert(count >= Math.min(CRASHES, 500), `only ${count} crashes`);
});

/** Returns every crash point of a scenario, counted in a run without a crash. */
async function placesOf(scenario: Scenario): Promise<Place[]> {
  const reference = await run(scenario);
  assertEquals(reference.violations, [], scenario.name);
  return (["call", "write"] as const).flatMap((at) =>
    Array.from({ length: reference.counts[at] }, (_, i) => i + 1).flatMap((nth) =>
      (["before", "after"] as const).map((moment) => ({
        scenario,
        reference,
        point: { at, nth, moment, down: DOWN },
      }))
    )
  );
}

/** Returns a random choice of crash points. */
function some(places: readonly Place[], seed: number): Place[] {
  const die = seededRandom(seed);
  return places.map((place) => ({ place, lot: die() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, CRASHES)
    .map(({ place }) => place);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
