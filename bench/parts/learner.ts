/**
 * Measures what the adaptive policy's learner costs with a week of minutes: the time of an evaluation, also while it replays the week
 * after a change of the settings, and its memory.
 *
 * @module
 */
import { Learner } from "../../src/scaling/policies/adaptive/learner.ts";
import { type Options, type Part, quantile, type Result } from "../report/result.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);

const SETTINGS = { utilization: 80, risk: 0.015 };
const CHANGED = { utilization: 70, risk: 0.015 };
const CIRCUMSTANCES = { min: 1, max: 20, lead: 160_000 };

/** The goal for an evaluation, in ms. */
const EVALUATION = 5;

/** The goal for the memory of a learner, in MiB. */
const MEMORY = 20;

/** How many learners are kept at the same time to measure the memory of one. */
const KEPT = 20;

/** Returns the demand at a time: a wave of a day, with a peak of 10 minutes every hour. */
function demand(ms: number): number {
  return 4 + 3 * Math.sin((2 * Math.PI * ms) / DAY) + (ms % 3_600_000 < 600_000 ? 2 : 0);
}

/** Makes an evaluation with a sample. */
function evaluate(learner: Learner, ms: number): void {
  learner.note({ at: START + ms, span: MINUTE, demand: demand(ms) }, CIRCUMSTANCES);
  learner.replay();
  learner.view();
}

/** Returns how long each evaluation of a week took, in ms, and the state after the week. */
function week(): { readonly bytes: Uint8Array; readonly took: number[] } {
  const learner = new Learner(SETTINGS);
  const took: number[] = [];
  for (let ms = MINUTE; ms <= 7 * DAY; ms += MINUTE) took.push(timed(() => evaluate(learner, ms)));
  return { bytes: learner.save(), took };
}

function timed(run: () => void): number {
  const begun = performance.now();
  run();
  return performance.now() - begun;
}

/** Returns the shortest time of each evaluation in several runs: other work on the machine makes single ones longer. */
function shortest(runs: readonly (readonly number[])[]): number[] {
  const [first = []] = runs;
  return first.map((_, i) => Math.min(...runs.map((run) => run[i] ?? Infinity)));
}

/** Restores a learner from bytes. */
function restored(bytes: Uint8Array, settings: typeof SETTINGS): Learner {
  const learner = Learner.restore(bytes, settings);
  if (learner === undefined) throw new Error("the learner does not read its own state");
  return learner;
}

/** Returns how long each evaluation took, from a change of the settings until the week was replayed, in ms. */
function changed(bytes: Uint8Array): number[] {
  const learner = restored(bytes, CHANGED);
  const took: number[] = [];
  do {
    const ms = 7 * DAY + (took.length + 1) * MINUTE;
    took.push(timed(() => evaluate(learner, ms)));
  } while (learner.view()?.replaying);
  return took;
}

/** Returns the memory of a learner that knows a week, in MiB. */
function memory(bytes: Uint8Array): number {
  const used = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const learners = Array.from({ length: KEPT }, () => restored(bytes, CHANGED));
  for (const learner of learners) for (let i = 1; i <= 60; i++) evaluate(learner, 7 * DAY + i * MINUTE);
  return (used() - before) / KEPT / 2 ** 20;
}

function run({ quick }: Options): Promise<Result> {
  const turns = Array.from({ length: quick ? 2 : 7 }, () => {
    const { bytes, took } = week();
    const learner = restored(bytes, SETTINGS);
    return { bytes, took, replays: changed(bytes), saves: [timed(() => learner.save())] };
  });
  const [{ bytes = new Uint8Array() } = {}] = turns;
  const took = shortest(turns.map((turn) => turn.took));
  const replays = shortest(turns.map((turn) => turn.replays));
  const saves = shortest(turns.map((turn) => turn.saves));
  const mib = memory(bytes);
  const row = (
    name: string,
    times: readonly number[],
  ) => [name, quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)];
  const worst = Math.max(...took, ...replays);
  return Promise.resolve({
    part: "learner",
    title: "The adaptive policy's learner",
    how:
      `A sample a minute for a week, and 150 rules. The time of an evaluation is its shortest one in ${turns.length} runs, because other work on ` +
      `the machine makes single ones longer. After a change of the settings, ${replays.length} evaluations replay the week.`,
    tables: [{
      title: "Time",
      columns: ["", "p50, ms", "p99, ms", "longest, ms"],
      rows: [
        row("an evaluation", took),
        row("an evaluation while it replays the week", replays),
        row("saving the state, every 5 minutes", saves),
      ],
    }],
    goals: [
      {
        goal: `An evaluation takes at most ${EVALUATION} ms with a week of minutes and 150 rules`,
        found: `${worst.toFixed(2)} ms`,
        met: worst <= EVALUATION,
      },
      {
        goal: `A learner takes at most ${MEMORY} MiB`,
        found: `${mib.toFixed(2)} MiB, and ${(bytes.length / 1_024).toFixed(0)} KiB in the state folder`,
        met: mib <= MEMORY,
      },
    ],
    notes: [],
    panels: [],
  });
}

/** The adaptive policy's learner. */
export const learner: Part = { name: "learner", needs: [], run };
