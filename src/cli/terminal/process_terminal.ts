/**
 * The terminal of this process.
 *
 * @module
 */
import { escaped } from "./escape.ts";
import type { Terminal } from "../output.ts";

/** The streams and properties of a terminal. `out` and `err` write text to stdout and stderr, and `ask` reads from stdin. */
export interface Streams extends Omit<Terminal, "write" | "writeError" | "draw"> {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Returns a terminal that writes to the streams. This terminal escapes all text that kas prints, except the text of `draw`. */
export function terminalOver({ out, err, ask, ...traits }: Streams): Terminal {
  return {
    ...traits,
    write: (text) => out(escaped(text)),
    writeError: (text) => err(escaped(text)),
    draw: err,
    ask: (question, signal) => ask(escaped(question), signal),
  };
}

/** Returns the terminal of this process: stdin, stdout and stderr. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const interactive = Deno.stdout.isTerminal();
  const interactiveError = Deno.stderr.isTerminal();
  return terminalOver({
    out: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    err: (text) => writeAll(Deno.stderr, encoder.encode(text)),
    interactive,
    interactiveError,
    color: interactiveError && !Deno.noColor,
    columns: interactive || interactiveError ? width() : 80,
    ask: async (question, signal) => {
      if (!Deno.stdin.isTerminal() || !interactiveError) return null;
      writeAll(Deno.stderr, encoder.encode(question));
      return await readLine(signal);
    },
  });
}

/**
 * Reads one line from the terminal. Returns null at the end of the input. One read is enough, because a terminal delivers whole
 * lines.
 */
async function readLine(signal: AbortSignal): Promise<string | null> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const bytes = new Uint8Array(1024);
    // readSync() would block the event loop, so that kas could not handle Ctrl-C.
    const length = await Promise.race([Deno.stdin.read(bytes), aborted]);
    return length === null ? null : new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Writes all bytes. If the reader has closed the pipe, as in `kas … | head`, drops the rest without an error. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function width(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
