/**
 * `kas admin activities`: what the autoscaler decided and did, from its journal.
 *
 * @module
 */
import { phaseTable } from "../../autoscaler/store/phases.ts";
import { command, UsageError } from "../../cli/command.ts";
import { flag, integer } from "../../cli/parsers.ts";
import { JOURNAL, openJournal } from "./source.ts";

const COLUMNS = ["time", "kind", "instance", "status", "reason", "seconds"];

/** Keys that only JSON has. `id` is the argument of `kas admin explain`. */
const JSON_KEYS = ["id", "trigger", "message", "times"];

const PHASE_COLUMNS = ["kind", "phase", "count", "p50", "p90", "p99"];

/** The most lines to ask an autoscaler for. */
const MAX_LINES = 10_000;

/** The command `kas admin activities`. */
export const activities = command({
  name: "activities",
  summary: "List decisions and activities, newest first",
  description:
    "Reads the journal from the state folder, or from a running autoscaler. KIND is the action, or none for a decision\n" +
    "without one. SECONDS is the duration of the activity so far. JSON adds the decision's id, which kas admin explain takes.\n" +
    "--phases prints how long each phase of the successful activities took, in seconds, from the end of the phase before it;\n" +
    "total runs from the alarm's breach (without a message, from the decision) until in service or stopped. --records prints\n" +
    "each decision with everything that it was made from, oldest first, one JSON object a line, for kas admin replay.",
  options: {
    ...JOURNAL,
    limit: { placeholder: "N", help: "at most N lines", default: "100", parse: integer(1, MAX_LINES) },
    phases: {
      help: "print the duration of each phase: p50, p90 and p99",
      default: "false",
      parse: flag,
    },
    records: {
      help: "print every decision with its observation, for kas admin replay",
      default: "false",
      parse: flag,
    },
  },
  examples: [
    "admin activities --state /var/lib/kas",
    "admin activities --url http://127.0.0.1:10001 --limit 20",
    "admin activities --phases",
    "admin activities --records > journal.jsonl",
  ],
  run: async ({ flags, origins, out, signal }) => {
    if (flags.phases && flags.records) throw new UsageError("Use either --phases or --records");
    using _reading = out.during("Reading the journal");
    using journal = await openJournal(flags, signal);
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
    const lines = await journal.lines(flags.limit);
    await out.table(
      out.options.format === "json" ? [...COLUMNS, ...JSON_KEYS] : COLUMNS,
      lines.map((line) => ({ ...line, phases: null })),
      // A narrow terminal omits these columns to have room for the reason.
      ["seconds", "status"],
    );
  },
});
