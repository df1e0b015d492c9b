/**
 * Reads the load of a backtest from a CSV file.
 *
 * @module
 */
import { UsageError } from "../../../cli/command.ts";
import { type LoadRow, LoadRowError, readRows } from "../../../scaling/simulate/load/csv.ts";

/** The largest file that kas reads, in bytes. A file with the largest number of rows is smaller. */
const LARGEST = 64 * 2 ** 20;

/**
 * Reads the rows of a file.
 *
 * @throws {UsageError} if the file cannot be read or a row is invalid
 */
export async function readLoadFile(path: string): Promise<LoadRow[]> {
  try {
    return readRows(await readText(path));
  } catch (cause) {
    throw new UsageError(`Cannot read the load in ${path}: ${(cause as Error).message}`);
  }
}

/** Reads a text file. Reads at most {@linkcode LARGEST} bytes, also of a device that has no size. */
async function readText(path: string): Promise<string> {
  using file = await Deno.open(path);
  const parts: string[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let size = 0;
  for await (const chunk of file.readable.values({ preventCancel: true })) {
    size += chunk.length;
    if (size > LARGEST) throw new LoadRowError(`it is larger than ${LARGEST / 2 ** 20} MiB`);
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}
