/**
 * The process's own terminal.
 *
 * @module
 */
import type { Terminal } from "./output.ts";

/** stdin, stdout and stderr of this process. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const interactive = Deno.stdout.isTerminal();
  const interactiveError = Deno.stderr.isTerminal();
  return {
    write: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    writeError: (text) => writeAll(Deno.stderr, encoder.encode(text)),
    interactive,
    interactiveError,
    color: interactiveError && !Deno.noColor,
    columns: interactive || interactiveError ? width() : 80,
    ask: (question) => (Deno.stdin.isTerminal() ? prompt(question) : null),
  };
}

/** Writes every byte; a reader that went away (`kas … | head`) ends the output, not the program. */
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
