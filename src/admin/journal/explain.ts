/**
 * `kas admin explain`: explains one decision.
 *
 * @module
 */
import type { DecisionQuery, DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import { flag } from "../../cli/parsers.ts";
import { explain, type Explanation } from "../../scaling/explain.ts";
import { replay } from "../../scaling/replay.ts";
import { explanationToJson } from "./explanation_json.ts";
import { parseMoment } from "./moment.ts";
import { renderExplanation } from "./render_explanation.ts";
import { JOURNAL, openJournal } from "./source.ts";

/** The maximum width of an explanation, in columns. */
const MAX_COLUMNS = 100;

/** The command `kas admin explain`. */
export const explainCommand = command({
  name: "explain",
  args: "[ID]",
  summary: "Explain a decision: each check, and what would change it",
  description:
    "ID is the number of a decision, from kas admin activities. --at TIME selects the last decision up to that\n" +
    "time. The default is the last decision. The explanation lists the recommendation, the observation, the result of each\n" +
    "check, the activity, and single changes that would change the decision. kas makes the decision again with each change.",
  options: {
    ...JOURNAL,
    at: {
      placeholder: "TIME",
      help:
        "explain the last decision up to this time: 2026-11-24T08:30:00Z, 08:30 (UTC), or 10m for 10 minutes ago",
      parse: (text: string) => parseMoment(text),
    },
    last: { help: "explain the last decision", default: "false", parse: flag },
  },
  examples: ["admin explain --state /var/lib/kas", "admin explain 42", "admin explain --at 10m"],
  run: async ({ flags, args: [id], out, signal }) => {
    const query = toQuery(id, flags);
    using _reading = out.during("Reading the journal");
    using journal = await openJournal(flags, signal, (line) => out.note(line));
    const record = await journal.record(query);
    if (record === undefined) {
      const which = "id" in query
        ? `decision ${query.id}`
        : "at" in query
        ? "decision up to that time"
        : "decision";
      throw new ExitError(`There is no ${which} in the journal`, 4, "kas admin activities");
    }
    const { explanation, same } = attempt(record);
    if (!same) {
      const version = record.kas === null ? "an earlier version" : `kas ${record.kas}`;
      out.note(
        `${version} recorded this decision. This version would decide differently; the explanation is of its own decision.`,
      );
    }
    if (out.options.format === "json") {
      return out.text(JSON.stringify(explanationToJson(record, explanation), null, 2));
    }
    const columns = Math.min(out.terminal.columns, MAX_COLUMNS);
    for (const line of renderExplanation(record, explanation, columns)) out.line(line);
  },
});

/** Makes a decision again and explains the decision. Throws an ExitError if its record is damaged. */
function attempt(record: DecisionRecord): { readonly explanation: Explanation; readonly same: boolean } {
  try {
    return { explanation: explain(record.trigger, record.observation), same: replay(record).same };
  } catch (cause) {
    const message = `Cannot explain decision ${record.id}: its record is damaged (${
      (cause as Error).message
    })`;
    throw new ExitError(message, 1, undefined, { cause });
  }
}

function toQuery(
  id: string | undefined,
  { at, last }: { at: number | undefined; last: boolean },
): DecisionQuery {
  if ([id !== undefined, at !== undefined, last].filter(Boolean).length > 1) {
    throw new UsageError("Use only one of ID, --at TIME and --last");
  }
  if (at !== undefined) return { at };
  if (id === undefined) return { last: true };
  if (!/^\d{1,15}$/.test(id)) {
    throw new UsageError(`Cannot use "${id}" as ID: expected a decision's number, such as 42`);
  }
  return { id: Number(id) };
}
