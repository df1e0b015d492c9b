/**
 * Fires mutated messages at an autoscaler and keeps the tally: of each class how many, how they were answered, how long it
 * took.
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

/** Longest that a message may keep the autoscaler busy, ms. */
const SLOW = 50;

/** The class whose certificate would come from Amazon. */
const OUTWARD = "no such certificate at Amazon's";

/** What is fired with. */
export interface Magazine {
  /** Believed if they came as they are, and then acted on. */
  readonly live: readonly Body[];
  /** Believed, and nothing is to be done: the neutral mutations are of these. */
  readonly harmless: readonly Body[];
  readonly forgeries: Readonly<Record<string, Mutator>>;
}

interface Tally {
  count: number;
  readonly statuses: Map<number, number>;
  readonly times: number[];
}

/** What came of a run. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();
  /** Answers that should have been others, the first few in words. */
  readonly wrong: string[] = [];
  /** Took longer than {@linkcode SLOW}. */
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

  /** Classes, with how many there were, how they were answered, and ms. */
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

/** A 2xx only where the message is the same, and 503 only where a certificate could not be had. */
function expected(name: string, status: number, text: string): boolean {
  if (name.startsWith("same: ")) return status === 200;
  if (name.startsWith("no certificate") || name === OUTWARD) return status === 503;
  if (name === "over 640 KiB") return status === 413;
  if (name === "another method") return [400, 405].includes(status);
  if (name === "another path") return [400, 404, 405].includes(status);
  if (name === "a certificate from a forbidden place") return [400, 403].includes(status);
  // Chance may make it another certificate's name, at the trusted place, where there is none.
  return [400, 403].includes(status) || status === 503 && text.startsWith("Certificate: ");
}

/** What there is to choose from, the cheap ones oftener. */
function choices(all: Magazine["forgeries"]): readonly (readonly [name: string, mutator: Mutator])[] {
  // A connection out of the machine that fails takes its time.
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

/** Fires `count` shots over `connections`; `between` is called after each `every`-th of them. */
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
      // A mutation by chance may leave the message what it was, which is no attack.
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
 * Sends those that took long again, one at a time, and tells which are slow each of five times. A pause that does not come
 * again was the machine's, or the collector's, and not the message's.
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
