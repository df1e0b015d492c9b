/**
 * A weather is a set of faults: AWS throttles, fails, does not answer or gives stale answers, clocks jump, and
 * instances are terminated. The fleet must end in its expected state, no invariant may be violated, and the journal
 * must say what happened.
 *
 * @module
 */
import { assert } from "@std/assert";
import { seededRandom } from "../../src/sandbox/random.ts";
import { seedOf, sizeOf } from "./proofs.ts";
import { Scene } from "./weather/scene.ts";
import { type Weather, WEATHERS } from "./weather/weathers.ts";

/** How many scenes run at the same time. A scene waits most of the time. */
const AT_ONCE = 8;

/** The outcome of a weather. */
interface Outcome {
  readonly name: string;
  readonly outcome: string;
  readonly seconds: number;
  readonly error?: unknown;
}

async function weather({ name, setting, story }: Weather): Promise<Outcome> {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1_000;
  try {
    await using scene = await Scene.open(setting);
    try {
      const outcome = await story(scene);
      for (const { status, reason } of await scene.activities()) assert(status !== null && reason !== "");
      return { name, outcome, seconds: seconds() };
    } catch (error) {
      const journal = (await scene.activities()).map((
        { kind, instance, status, trigger: source, reason, phases },
      ) => `\n    ${kind} ${instance} ${status} ${source} ${reason} ${Object.keys(phases).join(" ")}`);
      throw new Error(`${name}: ${(error as Error).message}${journal.join("")}`, { cause: error });
    }
  } catch (error) {
    return { name, outcome: "FAILED", seconds: seconds(), error };
  }
}

Deno.test("under every set of faults, the fleet reaches its expected state and violates no invariant (R9, R10, R13, I1-I8)", async () => {
  const seed = seedOf();
  const random = seededRandom(seed);
  const lots = WEATHERS.map((weather) => ({ weather, lot: random() })).sort((a, b) => a.lot - b.lot);
  const taken = new Set(lots.slice(0, sizeOf("weather")).map(({ weather }) => weather));
  const chosen = WEATHERS.filter((weather) => taken.has(weather)).values();
  const outcomes: Outcome[] = [];
  const begun = performance.now();
  const play = async () => {
    for (const next of chosen) outcomes.push(await weather(next));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, play));
  const seconds = (performance.now() - begun) / 1_000;

  const width = Math.max(...outcomes.map(({ name }) => name.length));
  const table = outcomes.map(({ name, outcome, seconds }) =>
    `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s  ${outcome}\n`
  );
  const failures = outcomes.flatMap(({ error }) => error === undefined ? [] : [error]);
  const summary =
    `weather: ${outcomes.length} of ${WEATHERS.length} with KAS_TEST_SEED=${seed}, ${failures.length} failed, ${
      seconds.toFixed(0)
    } s\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${summary}${table.join("")}`));
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      failures.map((it) => (it as Error).message).join("\n"),
    );
  }
});
