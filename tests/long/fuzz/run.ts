/**
 * Sends mutated messages to an autoscaler and counts, by class, messages, answers and times.
 *
 * @module
 */
import type { Body } from "../../unit/sns/fixtures.ts";
import { BYTE_MUTATORS, HUGE_MUTATORS, LIMIT, type Mutator } from "./bytes.ts";
import { Client, type Shot } from "./client.ts";
import { FIELD_MUTATORS } from "./fields.ts";
import { NEUTRAL_MUTATORS, REQUEST_MUTATORS } from "./forgeries.ts";
import { isPlain, meaning } from "./messages.ts";
import { Random } from "./random.ts";

/** The longest time that the autoscaler may take to answer a message, in ms. */
const SLOW = 50;

/** The class of messages whose certificate URL is at Amazon's host. */
const OUTWARD = "no such certificate at Amazon's";

/** The messages to mutate and the mutations. */
export interface Magazine {
  /** Genuine messages that lead to an action. */
  readonly live: readonly Body[];
  /** Genuine messages that lead to no action. Neutral mutations use these. */
  readonly harmless: readonly Body[];
  readonly forgeries: Readonly<Record<string, Mutator>>;
}

interface Tally {
  count: number;
  readonly statuses: Map<number, number>;
  readonly times: number[];
}

/** The counts of a run. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();
  /** Descriptions of the first wrong answers. */
  readonly wrong: string[] = [];
  /** Messages that took longer than {@linkcode SLOW}. */
  readonly slow: (readonly [name: string, shot: Shot])[] = [];

  add(name: string, shot: Shot, { status, text, ms }: { status: number; text: string; ms: number }): void {
    let tally = this.#tallies.get(name);
    if (tally === undefined) this.#tallies.set(name, tally = { count: 0, statuses: new Map(), times: [] });
    tally.count++;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    tally.times.push(ms);
    if (ms > SLOW) this.slow.push([name, shot]);
    if (expected(name, status, text) || this.wrong.length >= 10) return;
    const start = new TextDecoder().decode(shot.body.subarray(0, 1_000));
    this.wrong.push(`${name}: ${status} ${text} to ${shot.method} ${shot.target} ${start}`);
  }

  get count(): number {
    return this.#tallies.values().reduce((sum, { count }) => sum + count, 0);
  }

  /** A table of the classes: count, times in ms, answers. */
  table(): string {
    const lines = [...this.#tallies].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, tally]) => {
      const statuses = [...tally.statuses].toSorted(([a], [b]) => a - b).map(([status, n]) =>
        `${status}×${n}`
      );
      return `  ${name.padEnd(42)}${String(tally.count).padStart(7)}  ${quantiles(tally.times)}  ${
        statuses.join(" ")
      }\n`;
    });
    const all = [...this.#tallies.values()].flatMap(({ times }) => times);
    return `  ${"class".padEnd(42)}${"count".padStart(7)}  p50 / p99 / max ms      answers\n${
      lines.join("")
    }  ${"all".padEnd(42)}${String(this.count).padStart(7)}  ${quantiles(all)}\n`;
  }
}

function quantiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((q) => (sorted[Math.ceil(q * sorted.length) - 1] ?? 0).toFixed(1).padStart(6))
    .join(" ");
}

/** Whether an answer is right: 2xx only for the same message, 503 only if a certificate is unavailable. */
function expected(name: string, status: number, text: string): boolean {
  if (name.startsWith("same: ")) return status === 200;
  if (name.startsWith("no certificate") || name === OUTWARD) return status === 503;
  if (name === "over 640 KiB") return status === 413;
  if (name === "another method") return [400, 405].includes(status);
  if (name === "another path") return [400, 404, 405, 421].includes(status);
  if (name === "a certificate from a forbidden place") return [400, 403].includes(status);
  // A random mutation may name a certificate under the trusted prefix that does not exist.
  return [400, 403].includes(status) || status === 503 && text.includes("Certificate: ");
}

/** Returns the classes to choose from. Cheap classes are in the list more often. */
function choices(all: Magazine["forgeries"]): readonly (readonly [name: string, mutator: Mutator])[] {
  // A message of this class is slow, because the connection to another host fails only after some time.
  const { [OUTWARD]: outward, ...forgeries } = all;
  const times = (mutators: Readonly<Record<string, Mutator>>, n: number) =>
    Object.entries(mutators).flatMap((entry) => Array<typeof entry>(n).fill(entry));
  return [
    ...times(BYTE_MUTATORS, 12),
    ...times(FIELD_MUTATORS, 12),
    ...times(outward === undefined ? {} : { [OUTWARD]: outward }, 1),
    ...times(forgeries, 8),
    ...times(REQUEST_MUTATORS, 8),
    ...times(NEUTRAL_MUTATORS, 8),
    ...times(HUGE_MUTATORS, 1),
  ];
}

/** Sends `count` messages over `connections`. Calls `between` after every `every` messages. */
export async function fire(
  url: string,
  magazine: Magazine,
  { seed, count, connections, every, between }: {
    readonly seed: number;
    readonly count: number;
    readonly connections: number;
    readonly every: number;
    readonly between: (fired: number) => Promise<void>;
  },
): Promise<Tallies> {
  const random = new Random(seed);
  const tallies = new Tallies();
  const all = choices(magazine.forgeries);
  const genuine = new Set(
    [...magazine.live, ...magazine.harmless].map((body) =>
      meaning(new TextEncoder().encode(JSON.stringify(body)))
    ),
  );
  const isGenuine = (shot: Shot) =>
    isPlain(shot) && shot.body.length <= LIMIT && genuine.has(meaning(shot.body));
  const next = (): readonly [name: string, shot: Shot] => {
    while (true) {
      const [name, mutate] = random.of(all);
      const same = name.startsWith("same: ");
      const shot = mutate(random, random.of(same ? magazine.harmless : magazine.live));
      // A random mutation may leave the message the same.
      if (isGenuine(shot) === same) return [name, shot];
    }
  };
  let fired = 0;
  const worker = async () => {
    using client = new Client(url);
    while (fired < count) {
      const number = ++fired;
      const [name, shot] = next();
      tallies.add(name, shot, await client.send(shot));
      if (number % every === 0) await between(number);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return tallies;
}

/**
 * Sends the slow messages again, five times each, one at a time. Returns those that are slow every time. If a message
 * is slow only once, the cause is the machine or the garbage collector.
 */
export async function stillSlow(url: string, { slow }: Tallies): Promise<string[]> {
  using client = new Client(url);
  const still: string[] = [];
  for (const [name, shot] of slow) {
    let fastest = Infinity;
    for (let n = 0; n < 5 && fastest > SLOW; n++) fastest = Math.min(fastest, (await client.send(shot)).ms);
    if (fastest > SLOW) still.push(`${name}: ${fastest.toFixed(0)} ms at best`);
  }
  return still;
}
