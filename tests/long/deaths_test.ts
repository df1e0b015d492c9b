/**
 * Instances of random fleets die in every way. The capacity must be back at the minimum as soon as a start allows, must not exceed the
 * maximum, and kas must not quarantine many nodes (R3, R21).
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Kill } from "./deaths/kills.ts";
import { type Outcome, play } from "./deaths/play.ts";
import { seedOf, sizeOf } from "./proofs.ts";

/** The number of deaths in a fleet. */
const IN_A_FLEET = 10;

const KILLS: readonly Kill[] = [
  "terminated",
  "stopped-by-hand",
  "ended",
  "dies",
  "hangs",
  "unhealthy",
  "impaired",
];

Deno.test("however instances die, the capacity is back at the minimum after one start", async () => {
  const size = sizeOf("deaths");
  const begun = performance.now();
  const first = seedOf();
  const outcomes: Outcome[] = [];
  const count = () => outcomes.reduce((sum, { deaths }) => sum + deaths.length, 0);
  for (let seed = first; count() < size && outcomes.length < size; seed++) {
    outcomes.push(await play(seed, Math.min(IN_A_FLEET, size - count()), KILLS));
  }
  report(outcomes, first, (performance.now() - begun) / 1_000);
  const broken = outcomes.filter(({ violations }) => violations.length > 0)
    .map(({ fleet, violations }) => `${fleet}: ${violations.slice(0, 3).join("; ")}`);
  assertEquals(broken, []);
  assert(count() >= size, `only ${count()} deaths`);
});

function report(outcomes: readonly Outcome[], seed: number, seconds: number): void {
  const kills = outcomes.flatMap(({ deaths }) => deaths.map(({ kill }) => kill));
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, it) => total + of(it), 0);
  const most = (of: (outcome: Outcome) => number) => Math.round(Math.max(...outcomes.map(of)) / 1_000);
  const kinds = KILLS.map((kill) => `${kill} ${kills.filter((it) => it === kill).length}`);
  const line = [
    `deaths: ${kills.length} in ${outcomes.length} fleets with KAS_TEST_SEED=${seed}, ${
      seconds.toFixed(1)
    } s`,
    ...kinds,
    `below the minimum after ${sum(({ felt }) => felt)}`,
    `before service ${sum(({ early }) => early)}`,
    `crashes of the autoscaler ${sum(({ crashes }) => crashes)}`,
    `refusals ${sum(({ refusals }) => refusals)}`,
    `hours ${Math.round(sum(({ lasted }) => lasted) / 3_600_000)}`,
    `longest start ${most(({ longestStart }) => longestStart)} s`,
    `longest restoration ${most(({ longestRestore }) => longestRestore)} s`,
  ].join(", ");
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
