/**
 * `kas admin activities`: lists the decisions and activities in the autoscaler's journal.
 *
 * @module
 */
import { phaseTable } from "../../autoscaler/store/phases.ts";
import { command, UsageError } from "../../cli/command.ts";
import { flag, integer } from "../../cli/parsers.ts";
import { JOURNAL, openJournal } from "./source.ts";

const COLUMNS = ["id", "time", "kind", "instance", "status", "reason", "seconds"];

/** Keys that only the JSON output contains. */
const JSON_KEYS = ["trigger", "message", "times"];

const PHASE_COLUMNS = ["kind", "phase", "count", "p50", "p90", "p99"];

/** Maximum number of lines that kas requests from an autoscaler. */
const MAX_LINES = 10_000;

/** The command `kas admin activities`. */
export const activities = command({
  name: "activities",
  summary: "List decisions and activities, newest first",
  description:
    "Reads the journal from the state folder, or from a running autoscaler. KIND is the action of the decision, or none.\n" +
    "SECONDS is the duration of the activity so far. ID is the number of the decision, for kas admin explain.\n\n" +
    "--phases prints how long the phases of the successful activities took, in seconds. The phase total begins when the alarm\n" +
    "changed its state, or with the decision if there was no message. It ends when the instance is in service or stopped.\n\n" +
    "--records prints each decision with its trigger and its observation, for kas admin replay: one JSON object per line, the\n" +
    "oldest decision first.",
  options: {
    ...JOURNAL,
    limit: { placeholder: "N", help: "print at most N lines", default: "100", parse: integer(1, MAX_LINES) },
    actions: {
      help: "print only decisions with an action",
      default: "false",
      parse: flag,
    },
    phases: {
      help: "print the duration of each phase: p50, p90 and p99",
      default: "false",
      parse: flag,
    },
    records: {
      help: "print each decision with its trigger and observation as JSON, for kas admin replay",
      default: "false",
      parse: flag,
    },
  },
  examples: [
    "admin activities --state /var/lib/kas",
    "admin activities --url http://127.0.0.1:10001 --actions --limit 20",
    "admin activities --phases",
    "admin activities --records > journal.jsonl",
  ],
  run: async ({ flags, origins, out, signal }) => {
    if ([flags.actions, flags.phases, flags.records].filter(Boolean).length > 1) {
      throw new UsageError("Use only one of --actions, --phases and --records");
    }
    using _reading = out.during("Reading the journal");
    using journal = await openJournal(flags, signal, (line) => out.note(line));
    if (flags.records) {
      for await (const record of journal.records()) {
        signal.throwIfAborted();
        out.line(JSON.stringify(record));
      }
      return;
    }
    if (flags.phases) {
      const lines = await journal.lines(origins["limit"] === "default" ? MAX_LINES : flags.limit);
      return await out.table(PHASE_COLUMNS, phaseTable(lines).map((row) => ({ ...row })));
    }
    const all = await journal.lines(flags.actions ? MAX_LINES : flags.limit);
    const lines = flags.actions ? all.filter(({ kind }) => kind !== "none").slice(0, flags.limit) : all;
    await out.table(
      out.options.format === "json" ? [...COLUMNS, ...JSON_KEYS] : COLUMNS,
      lines.map((line) => ({ ...line, phases: null })),
      // kas omits these columns on a narrow terminal, so that there is room for the reason.
      ["seconds", "status"],
    );
  },
});
