/**
 * `kas admin explain`: one decision in words.
 *
 * @module
 */
import type { DecisionQuery } from "../../autoscaler/store/decisions.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { explain as explained } from "../../scaling/explain.ts";
import { replay } from "../../scaling/replay.ts";
import { flag } from "../../cli/parsers.ts";
import { explanationToJson, renderExplanation } from "./render_explanation.ts";
import { JOURNAL, openJournal } from "./source.ts";
import { parseMoment } from "./moment.ts";

/** `kas admin explain`. */
export const explainCommand = command({
  name: "explain",
  args: "[ID]",
  summary: "Say why something was decided, and what would have had to be different",
  description:
    "ID is a decision's number, which kas admin activities --output json tells; --at takes the decision that was the\n" +
    "last one then; without either it is the last of all. Every rule is shown with its verdict, and each change by\n" +
    "which something else would have been decided was tried: the decision was made again with it.",
  options: {
    ...JOURNAL,
    at: {
      placeholder: "TIME",
      help: "the decision at that time: 2026-11-24T08:30:00Z, 08:30 (UTC), or 10m ago",
      parse: (text: string) => parseMoment(text),
    },
    last: { help: "the last decision", default: "false", parse: flag },
  },
  examples: ["admin explain --state /var/lib/kas", "admin explain 42", "admin explain --at 10m"],
  run: async ({ flags, args: [id], out, signal }) => {
    const wanted = which(id, flags);
    using _reading = out.during("Reading the journal");
    using journal = await openJournal(flags, signal);
    const record = await journal.record(wanted);
    if (record === undefined) {
      const what = "id" in wanted ? `There is no decision ${wanted.id}` : "There is no decision";
      throw new ExitError(
        `${what}${"at" in wanted ? " from that time or before" : ""} in the journal`,
        4,
        "kas admin activities --output json",
      );
    }
    const explanation = explained(record.trigger, record.observation);
    if (!replay(record).same) {
      out.note(
        `kas: recorded by kas ${
          record.kas ?? "of an earlier version"
        }; this one decides otherwise, and explains itself`,
      );
    }
    if (out.options.format === "json") {
      return out.line(JSON.stringify(explanationToJson(record, explanation), null, 2));
    }
    const columns = Math.min(out.terminal.columns, 100);
    for (const line of renderExplanation(record, explanation, columns)) out.line(line);
  },
});

function which(
  id: string | undefined,
  { at, last }: { at: number | undefined; last: boolean },
): DecisionQuery {
  if ([id !== undefined, at !== undefined, last].filter(Boolean).length > 1) {
    throw new UsageError("kas admin explain takes one of ID, --at TIME and --last");
  }
  if (at !== undefined) return { at };
  if (id === undefined) return { last: true };
  if (!/^\d{1,15}$/.test(id)) {
    throw new UsageError(`Cannot take "${id}" for ID: expected a decision's number, such as 42`);
  }
  return { id: Number(id) };
}
