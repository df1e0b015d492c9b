/**
 * Runs a script in a shell: writes it to the shell's stdin and reads its output line by line.
 *
 * @module
 */
import { HostError } from "../host_error.ts";
import type { CommandLine } from "../../cli/command_line.ts";

/** How a script ended. */
export interface ScriptResult {
  readonly code: number;
  /** The end of its stderr. */
  readonly stderr: string;
}

/** The input and output of a script. */
export interface ScriptOptions {
  /** Path of a file whose bytes follow the script on stdin. */
  readonly file?: string | undefined;
  /** Receives each line of stdout. */
  readonly onLine: (line: string) => void;
  /** Receives how many bytes of the file are sent. */
  readonly onSent?: (bytes: number) => void;
  /** Stops the copy of the file. The script itself runs to its end. */
  readonly signal?: AbortSignal;
}

/** How much of stderr is kept, characters. */
const STDERR_TAIL = 4_000;

/** Bytes of the file that are sent at a time. */
const CHUNK_BYTES = 1 << 18;

/**
 * Runs a script to its end.
 *
 * @param shell a command that reads a script from stdin
 * @throws {HostError} if the shell's program is not installed
 */
export async function runShell(
  shell: CommandLine,
  script: string,
  options: ScriptOptions,
): Promise<ScriptResult> {
  const child = spawn(shell);
  const [{ code }, , stderr] = await Promise.all([
    child.status,
    readLines(child.stdout, options.onLine),
    readTail(child.stderr),
    writeInput(child.stdin, script, options),
  ]);
  return { code, stderr };
}

function spawn([program = "", ...args]: CommandLine): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Ctrl-C on the terminal must reach kas only, so that it still reads the script's last events.
      detached: true,
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new HostError(`${program} is not on the PATH`, "install the OpenSSH client");
  }
}

/** Writes the script and then the file. A closed stdin is no error here: the script's events or its status report the reason. */
async function writeInput(
  stdin: WritableStream<Uint8Array>,
  script: string,
  { file: path, onSent = () => {}, signal }: ScriptOptions,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(script));
    if (path !== undefined) {
      using file = await Deno.open(path);
      const chunk = new Uint8Array(CHUNK_BYTES);
      let sent = 0;
      for (let length; (length = await file.read(chunk)) !== null && !signal?.aborted;) {
        // A copy: the stream may still hold it when the next chunk is read.
        await writer.write(chunk.slice(0, length));
        onSent(sent += length);
      }
    }
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach((line) => onLine(line));
  }
  if (rest !== "") onLine(rest);
}

async function readTail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-STDERR_TAIL);
  }
  return tail;
}
