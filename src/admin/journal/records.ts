/**
 * The records of decisions wherever they are kept: a state folder, a database, a running autoscaler, or a file of JSON lines.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { ExitError } from "../../cli/command.ts";
import { toRecord } from "./record_json.ts";
import { inFolder, over, type Reading } from "./source.ts";

/** How a SQLite database begins. Source: SQLite, Database File Format, 1.3. */
const SQLITE = "SQLite format 3\0";

/** The records in a state folder, a kas.db, at an autoscaler's URL, in a file of JSON lines, or from stdin (`-`). */
export async function* recordsOf(source: string, signal: AbortSignal): AsyncGenerator<DecisionRecord> {
  if (/^https?:\/\//.test(source)) return yield* all(over(source, signal), signal);
  if (source !== "-" && isDatabase(source)) return yield* all(await inFolder(source), signal);
  const bytes = source === "-" ? Deno.stdin.readable : (await Deno.open(source)).readable;
  yield* parsed(source, bytes, signal);
}

async function* all(reading: Reading, signal: AbortSignal): AsyncGenerator<DecisionRecord> {
  using journal = reading;
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

/** Reads JSON lines as `kas admin activities --records` writes them. */
async function* parsed(
  source: string,
  bytes: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<DecisionRecord> {
  let number = 0;
  for await (const line of lines(bytes)) {
    signal.throwIfAborted();
    number++;
    if (line.trim() === "") continue;
    const record = toRecord(line);
    if (record === undefined) {
      throw new ExitError(
        `Cannot read journal ${source}: line ${number} is no record of a decision`,
        1,
        "kas admin activities --records",
      );
    }
    yield record;
  }
}

async function* lines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<string> {
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
