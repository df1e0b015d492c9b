/**
 * The crash matrix (R13, I6): the test kills the autoscaler's process before and after each call of an activity, and as
 * soon as each step of the activity is in the journal. The autoscaler starts again. The result must be the same as
 * without a kill.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/sandbox/random.ts";
import { type Run, run } from "./crash/run.ts";
import { type Scenario, SCENARIOS } from "./crash/scenarios.ts";
import { describe, type KillPoint } from "./crash/victim.ts";
import { isWhole, seedOf, sizeOf } from "./proofs.ts";

/** How many runs are in progress at the same time. A run waits most of the time. */
const AT_ONCE = 4;

/** Returns the points of a run at which the test can kill the process. */
function pointsOf({ steps }: Scenario, { counts }: Run): KillPoint[] {
  // If a call is repeated, only the first call is a point, because the number of polls is random.
  const calls = [...counts.keys()].flatMap((call) =>
    (["before", "after"] as const).map((moment) => ({ at: "call" as const, call, nth: 1, moment }))
  );
  const begun = steps.map(([step, instance]) => ({ at: "step" as const, step, instance, ended: false }));
  return [...calls, ...begun, ...begun.slice(-1).map((point) => ({ ...point, ended: true }))];
}

/** Runs a scenario once for each of the chosen points. Returns the number of kills. */
async function crash(scenario: Scenario, chosen: (points: KillPoint[]) => KillPoint[]): Promise<number> {
  const began = performance.now();
  const reference = await run(scenario);
  assertEquals(reference.violations, [], scenario.name);
  const points = chosen(pointsOf(scenario, reference));
  const rest = points.values();
  const failures: string[] = [];
  let kills = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const point of rest) {
      let said = "";
      try {
        const ran = await run(scenario, point);
        said = ran.output;
        if (ran.killed) kills++;
        assertEquals(ran.end, reference.end);
        assertEquals(ran.violations, []);
      } catch (error) {
        failures.push(`killed ${describe(point)}: ${(error as Error).message}\n${said}`);
      }
    }
  }));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const missed = points.length - kills;
  say(`${scenario.name}: ${kills} kills${missed > 0 ? `, ${missed} points not reached` : ""}, ${seconds} s`);
  assertEquals(failures, [], scenario.name);
  return kills;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`crash matrix: ${line}\n`));
}

/** Points that every sample contains: points of a rollback, and of a stop that a start cancels. */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  "start whose first candidate fails its health check": ["after CreateTags", "after StopInstances"],
  "stop cancelled by a start": ["after DeregisterInstances", "before RegisterInstances"],
};

/** Returns the same share of every scenario's points: first those of {@linkcode ALWAYS}, then random ones. */
function sample({ name }: Scenario, points: readonly KillPoint[], random: () => number): KillPoint[] {
  const isFirst = (point: KillPoint) =>
    ALWAYS[name]?.some((beginning) => describe(point).startsWith(beginning)) ?? false;
  return points.map((point) => ({ point, lot: isFirst(point) ? 0 : random() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, Math.ceil(sizeOf("crash-matrix") / SCENARIOS.length))
    .map(({ point }) => point);
}

Deno.test("a crash of the autoscaler at any AWS call or step of an activity does not change the activity's result (R13)", async () => {
  const seed = seedOf();
  const random = seededRandom(seed);
  let kills = 0;
  for (const scenario of SCENARIOS) {
    kills += await crash(scenario, (points) => sample(scenario, points, random));
  }
  say(`${kills} kills in total, with KAS_TEST_SEED=${seed}`);
  const least = isWhole("crash-matrix") ? 60 : Math.min(20, sizeOf("crash-matrix"));
  assert(kills >= least, `only ${kills} kills`);
});
