/**
 * The invariants I1–I8 over random histories: fleets, signals, loads, clocks, crashes, faults and other people, on virtual
 * time. A history that breaks one is shrunk to the shortest that does, and told in words.
 *
 * `KAS_TEST_SEED` plays the histories of a seed again; with `KAS_TEST_PATH` it goes straight to the shrunk one.
 *
 * @module
 */
import { assert } from "@std/assert";
import fc from "fast-check";
import { slow } from "../needs.ts";
import { histories, type History, told } from "./histories/events.ts";
import { play, type Played } from "./histories/play.ts";

/** What 2,000 histories must have contained to say anything: at least so many of each. */
const LEAST = {
  "starts": 500,
  "launches": 200,
  "stops": 300,
  "terminations": 200,
  "registrations": 500,
  "deregistrations": 500,
  "steps held against min and max": 500,
  "resyncs": 5_000,
  "crashes at a call": 200,
  "crashes at a write": 200,
  "crashes at rest": 100,
  "faults": 1_000,
  "meddlings": 500,
  "messages to be refused": 300,
  "messages for nothing": 300,
  "message duplicate": 50,
} as const;

/** The most events in a history. */
const LONGEST = 16;

Deno.test("I1–I8 hold in every history of signals, loads, clocks, crashes, faults and other people", async () => {
  const numRuns = slow().met ? 2_000 : 20;
  const seed = Number(Deno.env.get("KAS_TEST_SEED") ?? Math.trunc(Math.random() * 2 ** 31));
  const path = Deno.env.get("KAS_TEST_PATH");
  const totals = new Map<string, number>();
  const begun = performance.now();
  const property = fc.asyncProperty(histories(LONGEST), async (history) => {
    const played = await play(history);
    count(totals, played);
    if (played.broken.length > 0) throw new Error(played.broken.join("\n"));
  });
  const result = await fc.check(property, { numRuns, seed, ...(path === undefined ? {} : { path }) });
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  const lines = [...totals].toSorted().map(([what, n]) => `${what} ${Math.round(n)}`);
  say(`histories: ${result.numRuns} with KAS_TEST_SEED=${seed}, ${seconds} s: ${lines.join(", ")}`);
  if (result.failed) throw new Error(explained(result));
  for (const [what, least] of slow().met ? Object.entries(LEAST) : []) {
    assert((totals.get(what) ?? 0) >= least, `only ${totals.get(what) ?? 0} ${what}`);
  }
});

function explained(result: fc.RunDetails<[History]>): string {
  const [shortest] = result.counterexample ?? [];
  const { seed, counterexamplePath, errorInstance: error } = result;
  return [
    `A history breaks a rule (KAS_TEST_SEED=${seed} KAS_TEST_PATH=${counterexamplePath}):`,
    ...(shortest === undefined ? [] : told(shortest)),
    error instanceof Error ? error.stack : String(error),
  ].join("\n");
}

function count(totals: Map<string, number>, { acts, crashes, events, lasted }: Played): void {
  const add = (what: string, n: number) => totals.set(what, (totals.get(what) ?? 0) + n);
  const { bounded, ...rest } = acts;
  for (const [what, n] of Object.entries(rest)) add(what, n);
  add("steps held against min and max", bounded);
  add("crashes at a call", crashes.call);
  add("crashes at a write", crashes.write);
  add("crashes at rest", crashes.idle);
  for (const [what, n] of events) {
    add(what, n);
    if (/^message (forged|malformed|other-topic)$/.test(what)) add("messages to be refused", n);
    if (/^message (stale|foreign|unknown-.*|no-alarm)$/.test(what)) add("messages for nothing", n);
    if (what.startsWith("fault ")) add("faults", n);
    if (what.startsWith("meddle ")) add("meddlings", n);
  }
  add("hours", lasted / 3_600_000);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
