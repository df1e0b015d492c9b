/**
 * `kas admin replay`: every decision of a journal made again from its record (R16), or made with other limits.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { command, ExitError } from "../../cli/command.ts";
import { didYouMean } from "../../cli/nearest.ts";
import type { Output, Row } from "../../cli/output.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import { type Instead, instead, replay as decideAgain, type Replayed } from "../../scaling/replay.ts";
import { flag } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { describeDecision } from "./render_explanation.ts";
import { recordsOf } from "./records.ts";

/** The limits that `--set` changes, by their flags' names. */
const LIMITS = {
  "min": ["min", SETTINGS.min.parse],
  "max": ["max", SETTINGS.max.parse],
  "warmup": ["warmup", SETTINGS.warmup.parse],
  "cooldown-out": ["cooldownOut", SETTINGS.cooldownOut.parse],
  "cooldown-in": ["cooldownIn", SETTINGS.cooldownIn.parse],
  "resync": ["resync", SETTINGS.resync.parse],
  "grow": ["grow", SETTINGS.grow.parse],
  "shrink": ["shrink", SETTINGS.shrink.parse],
} as const satisfies Record<string, readonly [keyof Limits, (text: string) => unknown]>;

/** `kas admin replay`. */
export const replay = command({
  name: "replay",
  args: "JOURNAL",
  summary: "Make every decision of a journal again, and compare; or with other limits",
  description:
    "JOURNAL is a state folder, also while an autoscaler is using it, a kas.db, an autoscaler's URL, or what\n" +
    "kas admin activities --records wrote: a file, or - for stdin. Without --set every decision is made again from its\n" +
    "record; the first that differs by a byte is shown, with exit status 1. With --set it is shown what would have been\n" +
    "decided instead. Each decision is made from its own recorded facts: what would have followed is not simulated.",
  options: {
    set: {
      placeholder: "NAME=VALUE",
      help: "with this limit instead: min, max, warmup, cooldown-out, cooldown-in, resync, grow or shrink",
      repeat: true,
      parse: limit,
    },
    all: { help: "with --set: the decisions that stay the same as well", default: "false", parse: flag },
  },
  examples: ["admin replay /var/lib/kas", "admin replay /var/lib/kas --set cooldown-in=300s --set max=4"],
  run: async ({ flags, args: [source = ""], out, signal }) => {
    using _replaying = out.during("Replaying");
    const records = recordsOf(source, signal);
    if (flags.set.length === 0) return await compare(records, out);
    const limits: Partial<Limits> = Object.assign({}, ...flags.set);
    await out.table(
      ["time", "asked", "recorded", "instead", "reason", "id"],
      others(records, limits, flags.all, out),
    );
    return 0;
  },
});

/** `cooldown-in=300s` → `{ cooldownIn: 300000 }`. */
function limit(text: string): Partial<Limits> {
  const [, name = text, value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const names = Object.keys(LIMITS);
  const [key, parse] = (LIMITS as Record<string, readonly [keyof Limits, (text: string) => unknown]>)[
    names.includes(name) ? name : ""
  ] ?? [];
  if (key === undefined || parse === undefined) {
    throw new TypeError(`expected NAME=VALUE with a NAME of ${names.join(", ")}${didYouMean(name, names)}`);
  }
  return { [key]: parse(value) };
}

/** Makes each again; ends at the first difference. */
async function compare(records: AsyncIterable<DecisionRecord>, out: Output): Promise<number> {
  let decisions = 0;
  let changed = 0;
  let first: string | null = null;
  let last: string | null = null;
  for await (const record of records) {
    const replayed: Replayed = decideAgain(record);
    const time = iso(record);
    if (replayed.rulesChanged) changed++;
    if (!replayed.same) {
      const [recorded, again] = [record.decision, replayed.decision].map((it) => JSON.stringify(it));
      await out.table(["id", "time", "recorded", "again"], [{ id: record.id, time, recorded, again }]);
      const by = record.kas === null
        ? ""
        : `, recorded by kas ${record.kas} with version ${record.rules} of the rules`;
      out.error(`Decision ${record.id} comes out differently when it is made again${by}`);
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
  if (changed > 0) {
    out.note(
      `${changed} decisions were made by other rules than this version's: action, instances and deciding check were compared`,
    );
  }
  return 0;
}

/** What would have been decided with other limits. */
async function* others(
  records: AsyncIterable<DecisionRecord>,
  limits: Partial<Limits>,
  all: boolean,
  out: Output,
): AsyncGenerator<Row> {
  let decisions = 0;
  let different = 0;
  for await (const record of records) {
    const other: Instead = instead(record, limits);
    decisions++;
    if (other.differs) different++;
    if (!all && !other.differs) continue;
    const { decision } = record;
    yield {
      time: iso(record),
      asked: other.decision.recommendation?.reason ?? "nothing",
      recorded: describeDecision(decision),
      instead: describeDecision(other.decision),
      reason: other.decision.reason,
      id: record.id,
    };
  }
  out.note(`${different} of ${decisions} decisions would have been different`);
}

function iso({ id, time }: DecisionRecord): string {
  if (Math.abs(time) > 8.64e15) throw new ExitError(`Decision ${id} has no time`);
  return new Date(time).toISOString();
}
