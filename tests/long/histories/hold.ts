/**
 * Checks the invariants I1–I9 in random histories. If a history violates an invariant, fast-check shrinks it to a
 * shorter history that also violates it, and the report describes that history.
 *
 * With `KAS_TEST_SEED` it plays the histories of a seed again. With `KAS_TEST_PATH` it plays the shrunk history at
 * once.
 *
 * @module
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { describeFleetsHistory, describeHistory, fleetsHistories, histories } from "./events.ts";
import { withoutBalancer } from "./no_balancer.ts";
import { type Outcome, play, playAll } from "./play.ts";
import { seedOf } from "../proofs.ts";

/** How often each thing must at least happen in 1,000 histories. With fewer, the test would prove little. */
const LEAST = {
  "starts": 250,
  "launches": 100,
  "stops": 150,
  "terminations": 100,
  "registrations": 250,
  "deregistrations": 250,
  "actions checked against min and max": 250,
  "resyncs": 2_500,
  "decisions during a pause": 500,
  "decisions of capacity policies": 50,
  "crashes at a call": 100,
  "crashes at a write": 100,
  "crashes at rest": 50,
  "faults": 500,
  "interferences": 250,
  "deaths": 300,
  "messages to be refused": 150,
  "messages for nothing": 150,
  "message duplicate": 25,
} as const;

/** Maximum number of events in a history, and in a history of three fleets. */
const LONGEST = 16;
const LONGEST_OF_FLEETS = 30;

/** A kind of histories. */
interface Kind<H> {
  readonly histories: fc.Arbitrary<H>;
  readonly play: (history: H) => Promise<Outcome>;
  readonly describe: (history: H) => string[];
}

/**
 * Plays this many histories. Throws an error if a history violates an invariant, or if at least 1,000 histories contain
 * too few of the things in {@linkcode LEAST}.
 */
export function holdHistories(numRuns: number): Promise<void> {
  return hold(numRuns, { histories: histories(LONGEST), play, describe: describeHistory });
}

/** Plays this many histories of fleets without a load balancer, as {@linkcode holdHistories} does. */
export function holdHistoriesWithoutBalancer(numRuns: number): Promise<void> {
  return hold(numRuns, {
    histories: histories(LONGEST).map(withoutBalancer),
    play,
    describe: describeHistory,
  });
}

/** Plays this many histories of three fleets in one autoscaler, as {@linkcode holdHistories} does. */
export function holdFleetsHistories(numRuns: number): Promise<void> {
  return hold(numRuns, {
    histories: fleetsHistories(LONGEST_OF_FLEETS),
    play: playAll,
    describe: describeFleetsHistory,
  });
}

async function hold<H>(numRuns: number, { histories, play, describe }: Kind<H>): Promise<void> {
  const seed = seedOf();
  const path = Deno.env.get("KAS_TEST_PATH");
  const totals = new Map<string, number>();
  const begun = performance.now();
  const property = fc.asyncProperty(histories, async (history) => {
    const played = await play(history);
    count(totals, played);
    if (played.broken.length > 0) throw new Error(played.broken.join("\n"));
  });
  const result = await fc.check(property, { numRuns, seed, ...(path === undefined ? {} : { path }) });
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  const lines = [...totals].toSorted().map(([what, n]) => `${what} ${Math.round(n)}`);
  say(`histories: ${result.numRuns} with KAS_TEST_SEED=${seed}, ${seconds} s: ${lines.join(", ")}`);
  if (result.failed) throw new Error(failureMessage(result, describe));
  for (const [what, least] of numRuns < 1_000 ? [] : Object.entries(LEAST)) {
    assert((totals.get(what) ?? 0) >= least, `only ${totals.get(what) ?? 0} ${what}`);
  }
}

function failureMessage<H>(result: fc.RunDetails<[H]>, describe: (history: H) => string[]): string {
  const [shortest] = result.counterexample ?? [];
  const { seed, counterexamplePath, errorInstance: error } = result;
  return [
    `A history violates an invariant (KAS_TEST_SEED=${seed} KAS_TEST_PATH=${counterexamplePath}):`,
    ...(shortest === undefined ? [] : describe(shortest)),
    error instanceof Error ? error.stack : String(error),
  ].join("\n");
}

function count(totals: Map<string, number>, { acts, crashes, events, lasted }: Outcome): void {
  const add = (what: string, n: number) => totals.set(what, (totals.get(what) ?? 0) + n);
  const { bounded, paused, steered, ...rest } = acts;
  for (const [what, n] of Object.entries(rest)) add(what, n);
  add("actions checked against min and max", bounded);
  add("decisions during a pause", paused);
  add("decisions of capacity policies", steered);
  add("crashes at a call", crashes.call);
  add("crashes at a write", crashes.write);
  add("crashes at rest", crashes.idle);
  for (const [what, n] of events) {
    add(what, n);
    if (/^message (forged|malformed|other-topic)$/.test(what)) add("messages to be refused", n);
    if (/^message (stale|foreign|unknown-.*|no-alarm)$/.test(what)) add("messages for nothing", n);
    if (what.startsWith("fault ")) add("faults", n);
    if (what.startsWith("meddle ")) add("interferences", n);
    if (what.startsWith("death ")) add("deaths", n);
  }
  add("hours", lasted / 3_600_000);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
