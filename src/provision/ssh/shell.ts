/**
 * Runs a script in a shell. kas writes the script to the shell's stdin and reads the output line by line.
 *
 * @module
 */
import { HostError } from "../host_error.ts";
import type { CommandLine } from "../../cli/command_line.ts";

/** The result of a script. */
export interface ScriptResult {
  readonly code: number;
  /** The last {@linkcode STDERR_TAIL} characters that the script wrote to stderr. */
  readonly stderr: string;
}

/** Input and output of a script. */
export interface ScriptOptions {
  /** Path of a file. The shell's stdin contains the script and then the bytes of this file. */
  readonly file?: string | undefined;
  /** Callback that receives each line of stdout. */
  readonly onLine: (line: string) => void;
  /** Callback that receives the number of the file's bytes sent so far. */
  readonly onSent?: (bytes: number) => void;
  /** Signal that stops the copy of the file. The script itself runs until its end. */
  readonly signal?: AbortSignal;
}

/** Maximum number of characters of stderr that kas keeps. */
const STDERR_TAIL = 4_000;

/** Number of bytes of the file that kas sends at a time. */
const CHUNK_BYTES = 1 << 18;

/**
 * Runs a script until the script ends.
 *
 * @param shell command that reads a script from stdin
 * @throws {HostError} if the program of the command is not installed
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
      // The shell runs in its own process group. So Ctrl-C on the terminal reaches only kas, and kas can read the script's last
      // events.
      detached: true,
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new HostError(`the program ${program} is not on the PATH`, "install the OpenSSH client");
  }
}

/**
 * Writes the script and then the file to stdin. Ignores the error if the shell has closed its stdin, because the script's events or
 * its exit status then report the reason.
 */
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
        // kas copies each chunk, because the stream may still use the buffer while kas reads the next chunk.
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
