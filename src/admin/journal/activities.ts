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

/** What JSON tells beside them. `id` is what `kas admin explain` takes. */
const MORE = ["id", "trigger", "message", "times"];

/** The most lines that an autoscaler is asked for. */
const MOST = 10_000;

/** `kas admin activities`. */
export const activities = command({
  name: "activities",
  summary: "List what the autoscaler decided and did, the latest first",
  description:
    "Reads the journal in the state folder, or asks a running autoscaler for it. Kind none is a decision to do\n" +
    "nothing; seconds is how long carrying a decision out took, or has taken by now. JSON also tells the id, which\n" +
    "kas admin explain takes. --phases tells how long each phase took over all activities that are done, in seconds,\n" +
    "each from the end of the one before it; total is from the alarm's breach, or from the decision where no message\n" +
    "told of one, to in service or stopped. --records writes each decision with all that it was made from, the oldest\n" +
    "first, a JSON object a line: what kas admin replay reads.",
  options: {
    ...JOURNAL,
    limit: { placeholder: "N", help: "at most so many", default: "100", parse: integer(1, MOST) },
    phases: { help: "how long each phase took: p50, p90 and p99", default: "false", parse: flag },
    records: { help: "every decision with its facts, for replay", default: "false", parse: flag },
  },
  examples: [
    "admin activities --state /var/lib/kas",
    "admin activities --url http://127.0.0.1:10001 --limit 20",
    "admin activities --phases",
    "admin activities --records > journal.jsonl",
  ],
  run: async ({ flags, origins, out, signal }) => {
    if (flags.phases && flags.records) throw new UsageError("--phases and --records exclude each other");
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
      const lines = await journal.lines(origins["limit"] === "default" ? MOST : flags.limit);
      const rows = phaseTable(lines).map((row) => ({ ...row }));
      return await out.table(["kind", "phase", "count", "p50", "p90", "p99"], rows);
    }
    const lines = await journal.lines(flags.limit);
    await out.table(
      out.options.format === "json" ? [...COLUMNS, ...MORE] : COLUMNS,
      lines.map((line) => ({ ...line, phases: null })),
      // A narrow terminal needs the room for the reason.
      ["seconds", "status"],
    );
  },
});
