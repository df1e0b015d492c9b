/**
 * Reads decision records from a state folder, a database file, a running autoscaler, or a file of JSON lines.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { ExitError } from "../../cli/command.ts";
import { toRecord } from "./record_json.ts";
import { type JournalReader, openRemoteJournal, openStateFolder } from "./source.ts";

/** The first bytes of a SQLite database file. Source: SQLite, Database File Format, 1.3. */
const SQLITE = "SQLite format 3\0";

/**
 * Reads all records of a journal.
 *
 * @param source a state folder, a kas.db, the URL of an autoscaler, a file of JSON lines, or `-` for stdin
 * @param fleet the fleet, if the source has the journals of several
 * @param note prints which damaged records kas leaves out
 */
export async function* readRecords(
  source: string,
  fleet: string | undefined,
  signal: AbortSignal,
  note: (line: string) => void,
): AsyncGenerator<DecisionRecord> {
  if (/^https?:\/\//.test(source)) return yield* recordsIn(openRemoteJournal(source, fleet, signal), signal);
  if (source !== "-" && isDatabase(source)) {
    return yield* recordsIn(await openStateFolder(source, fleet, note), signal);
  }
  const bytes = source === "-" ? Deno.stdin.readable : (await Deno.open(source)).readable;
  yield* parseRecords(source, bytes, signal);
}

async function* recordsIn(reader: JournalReader, signal: AbortSignal): AsyncGenerator<DecisionRecord> {
  using journal = reader;
  for await (const record of journal.records()) {
    signal.throwIfAborted();
    yield record;
  }
}

function isDatabase(path: string): boolean {
  try {
    if (Deno.statSync(path).isDirectory) return true;
    using file = Deno.openSync(path);
    const head = new Uint8Array(SQLITE.length);
    file.readSync(head);
    return new TextDecoder().decode(head) === SQLITE;
  } catch (cause) {
    throw new ExitError(`Cannot read journal ${path}: ${(cause as Error).message}`, 1, undefined, { cause });
  }
}

/** Reads the JSON lines of `kas admin activities --records`. */
async function* parseRecords(
  source: string,
  bytes: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<DecisionRecord> {
  let lineNumber = 0;
  for await (const line of splitLines(bytes)) {
    signal.throwIfAborted();
    lineNumber++;
    if (line.trim() === "") continue;
    const record = toRecord(line);
    if (record === undefined) {
      throw new ExitError(
        `Cannot read journal ${source}: line ${lineNumber} is not a decision record`,
        1,
        "kas admin activities --records",
      );
    }
    yield record;
  }
}

async function* splitLines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (
    const text of bytes.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  yield rest;
}
