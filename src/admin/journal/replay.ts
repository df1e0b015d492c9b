/**
 * `kas admin replay`: makes every decision of a journal again from its record (R16), with the recorded limits or with other limits.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { command, ExitError } from "../../cli/command.ts";
import { didYouMean } from "../../cli/nearest.ts";
import type { Output, Row } from "../../cli/output.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { instead, replay as replayDecision } from "../../scaling/replay.ts";
import { isoTime } from "../../cli/format.ts";
import { flag } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { describeDecision } from "./describe_decision.ts";
import { readRecords } from "./records.ts";
import { CHOSEN_FLEET } from "./source.ts";

/** The limits that `--set` can change, by the names of their settings. */
const LIMITS = {
  "min": ["min", SETTINGS.min.parse],
  "max": ["max", SETTINGS.max.parse],
  "warmup": ["warmup", SETTINGS.warmup.parse],
  "cooldown-out": ["cooldownOut", SETTINGS.cooldownOut.parse],
  "cooldown-in": ["cooldownIn", SETTINGS.cooldownIn.parse],
  "metric-delay": ["metricDelay", SETTINGS.metricDelay.parse],
  "resync": ["resync", SETTINGS.resync.parse],
  "grow": ["grow", SETTINGS.grow.parse],
  "shrink": ["shrink", SETTINGS.shrink.parse],
} as const satisfies Record<string, readonly [keyof Limits, (text: string) => unknown]>;

/** The latest time that a Date can represent, in ms since the epoch. Source: ECMA-262, Time Values and Time Range. */
const MAX_DATE = 8.64e15;

/** The command `kas admin replay`. */
export const replay = command({
  name: "replay",
  args: "JOURNAL",
  summary: "Make every decision of a journal again, and print the decisions that differ",
  description:
    "JOURNAL is a state folder, a kas.db, the URL of an autoscaler, or a file with the output of kas admin activities\n" +
    "--records (- for stdin). An autoscaler may use the state folder at the same time.\n\n" +
    "Without --set, kas stops at the first decision that differs from the recorded decision, and exits with status 1. With\n" +
    "--set, kas prints each decision that would differ with other limits. kas makes each decision from the recorded\n" +
    "observation. It does not simulate how the fleet would have changed after a different decision.",
  options: {
    fleet: CHOSEN_FLEET,
    set: {
      placeholder: "NAME=VALUE",
      help:
        "change this limit: min, max, warmup, cooldown-out, cooldown-in, metric-delay, resync, grow or shrink",
      repeat: true,
      parse: limit,
    },
    all: { help: "with --set, also print the decisions that do not differ", default: "false", parse: flag },
  },
  examples: ["admin replay /var/lib/kas", "admin replay /var/lib/kas --set cooldown-in=300s --set max=4"],
  run: async ({ flags, args: [source = ""], out, signal }) => {
    using _replaying = out.during("Replaying");
    const records = readRecords(source, flags.fleet, signal, (line) => out.note(line));
    if (flags.set.length === 0) return await compare(records, out);
    const limits: Partial<Limits> = Object.assign({}, ...flags.set);
    await out.table(
      ["time", "recommendation", "recorded", "replayed", "reason", "id"],
      changedRows(records, limits, flags.all, out),
    );
    return 0;
  },
});

/** Parses a value of `--set`: `cooldown-in=300s` → `{ cooldownIn: 300000 }`. */
function limit(text: string): Partial<Limits> {
  const [, name = text, value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const names = Object.keys(LIMITS);
  const [key, parse] = (LIMITS as Record<string, readonly [keyof Limits, (text: string) => unknown]>)[
    names.includes(name) ? name : ""
  ] ?? [];
  if (key === undefined || parse === undefined) {
    throw new TypeError(
      `expected NAME=VALUE, where NAME is one of ${names.join(", ")}${didYouMean(name, names)}`,
    );
  }
  return { [key]: parse(value) };
}

/** Makes each decision again, and stops at the first decision that differs from the recorded one. Returns the exit status. */
async function compare(records: AsyncIterable<DecisionRecord>, out: Output): Promise<number> {
  let decisions = 0;
  let otherRules = 0;
  let first: string | null = null;
  let last: string | null = null;
  for await (const record of records) {
    const replayed = attempt(record, out, () => replayDecision(record));
    if (replayed === undefined) continue;
    const time = timeOf(record);
    if (replayed.rulesChanged) otherRules++;
    if (!replayed.same) {
      await out.table(["id", "time", "recorded", "replayed"], [{
        id: record.id,
        time,
        recorded: JSON.stringify(record.decision),
        replayed: JSON.stringify(replayed.decision),
      }]);
      const by = record.kas === null
        ? ""
        : `; kas ${record.kas} recorded it with rules version ${record.rules}`;
      out.error(`Decision ${record.id} differs from the recorded decision${by}`);
      return 1;
    }
    decisions++;
    first ??= time;
    last = time;
  }
  await out.table(["decisions", "differences", "first", "last"], [{
    decisions,
    differences: 0,
    first,
    last,
  }]);
  if (otherRules > 0) {
    out.note(
      `${otherRules} decisions come from another version of the rules. Their actions, instances and deciding checks are the same.`,
    );
  }
  return 0;
}

/** Makes a decision again. Undefined, with a note, if its record has the parts of a decision but not their content. */
function attempt<T>({ id }: DecisionRecord, out: Output, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    out.note(`Left out: decision ${id} of the journal is damaged (${(error as Error).message})`);
    return undefined;
  }
}

/** Yields a row for each decision that would differ with other limits. With `all`, yields a row for every decision. */
async function* changedRows(
  records: AsyncIterable<DecisionRecord>,
  limits: Partial<Limits>,
  all: boolean,
  out: Output,
): AsyncGenerator<Row> {
  let decisions = 0;
  let changed = 0;
  for await (const record of records) {
    const other = attempt(record, out, () => instead(record, limits));
    if (other === undefined) continue;
    const { decision, differs } = other;
    decisions++;
    if (differs) changed++;
    if (!all && !differs) continue;
    yield {
      time: timeOf(record),
      recommendation: decision.recommendations.map(({ reason }) => reason).join(" ") || undefined,
      recorded: describeDecision(record.decision),
      replayed: describeDecision(decision),
      reason: decision.reason,
      id: record.id,
    };
  }
  out.note(`${changed} of ${decisions} decisions differ`);
}

/** Formats the time of a decision. Throws an ExitError if the time is out of range, because a file may contain any number. */
function timeOf({ id, time }: DecisionRecord): string {
  if (Math.abs(time) > MAX_DATE) throw new ExitError(`Decision ${id} has no valid time`);
  return isoTime(time);
}
