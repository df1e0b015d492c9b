/**
 * The way to a host: the system's own ssh, one connection for all that is run; or this machine's own shell.
 *
 * @module
 */
import { jumpFault, jumpWords } from "./jump.ts";
import { sshFault } from "./ssh_fault.ts";
import type { Target } from "../target.ts";
import { line } from "./words.ts";

/** What a script that has ended leaves. */
export interface Ended {
  readonly code: number;
  /** The last of what it said on stderr. */
  readonly stderr: string;
}

/** What to give a script, and whom to tell. */
export interface Run {
  /** Path of the file whose bytes the script finds behind itself on stdin. */
  readonly file?: string | undefined;
  /** Told of each line on stdout. */
  readonly said: (line: string) => void;
  /** Told how many bytes of the file are gone. */
  readonly sent?: (bytes: number) => void;
  /** Breaks the copy of the file off. What else the script does goes on to its end. */
  readonly signal?: AbortSignal;
}

/** A host that scripts are run on, by bash as root. */
export interface Connection extends AsyncDisposable {
  /**
   * Runs a script to its end.
   *
   * @throws {HostError} where the host can't be reached, does not let us in, or breaks off
   */
  run(script: string, run: Run): Promise<Ended>;
}

/** A host that can't be worked on, in one line. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** How to get to a host, as the operator said. */
export interface Route {
  readonly user?: string | undefined;
  readonly identity?: string | undefined;
  readonly jump?: string | undefined;
  readonly port?: number | undefined;
}

/** Seconds for a connection to be made, and after which one that is silent is given up. */
const CONNECT_TIMEOUT = 10;
const SILENCE = { interval: 5, times: 6 };

/** Seconds that ssh keeps a connection for the next script: should kas be killed, it ends by itself. */
const PERSIST = 60;

/** In the folder of a connection: its socket, and what the ssh to the host in front said. */
const CONTROL = "c";
const JUMP_SAID = "jump";

/** How much of stderr is kept, in characters. */
const LAST_WORDS = 4_000;

/** Root's bash: at once where root logs in, else by sudo, which must not ask for a password. */
const ROOT_SHELL = line([
  "sh",
  "-c",
  'if [ "$(id -u)" = 0 ]; then exec bash -s; else exec sudo -n bash -s; fi',
]);

const option = (name: string, value: string | number) => ["-o", `${name}=${value}`];

/** Of every ssh: nobody is asked; host keys are accepted the first time, and held to from then on. */
const OPTIONS = [
  ...option("BatchMode", "yes"),
  ...option("StrictHostKeyChecking", "accept-new"),
  ...option("ConnectTimeout", CONNECT_TIMEOUT),
  ...option("ServerAliveInterval", SILENCE.interval),
  ...option("ServerAliveCountMax", SILENCE.times),
];

/** ssh's words for a target, but for the command; what it keeps is in a folder. */
function sshWords({ host = "", user, port, instance }: Target, route: Route, folder: string): string[] {
  const [login, at] = [user ?? route.user, port ?? route.port];
  return [
    "ssh",
    ...OPTIONS,
    ...option("ControlMaster", "auto"),
    ...option("ControlPersist", PERSIST),
    ...option("ControlPath", `${folder}/${CONTROL}`),
    // EC2 gives addresses to other instances again, whose keys are others.
    ...(instance === undefined ? [] : option("HostKeyAlias", instance)),
    ...(login === undefined ? [] : ["-l", login]),
    ...(route.identity === undefined ? [] : ["-i", route.identity]),
    ...jumpWords(route, OPTIONS, `${folder}/${JUMP_SAID}`),
    ...(at === undefined ? [] : ["-p", String(at)]),
    "--",
    host,
  ];
}

/** A connection to a host; it is made with the first script. */
export async function connectTo(target: Target, route: Route): Promise<Connection> {
  // Its path has to be short: the address of a unix socket has 108 bytes.
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "kas-ssh-" });
  const words = sshWords(target, route, folder);
  return {
    run: async (script, run) => {
      const ended = await runShell([...words, ROOT_SHELL], script, run);
      const fault = jumpFault(ended, await textOf(`${folder}/${JUMP_SAID}`), target, route) ??
        sshFault(ended, target, route);
      if (fault !== undefined) throw new HostError(fault.message, fault.hint);
      return ended;
    },
    [Symbol.asyncDispose]: async () => {
      await new Deno.Command("ssh", {
        args: ["-O", "exit", "-o", `ControlPath=${folder}/${CONTROL}`, "--", target.host ?? ""],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** This machine, whose root kas has to be. */
export function localShell(): Connection {
  return {
    run: (script, run) => runShell(["bash", "-s"], script, run),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** "" where there is no such file. */
async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  }
}

async function runShell(words: readonly string[], script: string, run: Run): Promise<Ended> {
  const [program = "", ...args] = words;
  const child = spawn(program, args);
  const [{ code }, , stderr] = await Promise.all([
    child.status,
    eachLine(child.stdout, run.said),
    lastWords(child.stderr),
    feed(child.stdin, script, run),
  ]);
  return { code, stderr };
}

function spawn(program: string, args: string[]): Deno.ChildProcess {
  try {
    // Detached, so that Ctrl-C on the terminal reaches kas alone, and the host's last words are still heard.
    const io = { stdin: "piped", stdout: "piped", stderr: "piped", detached: true } as const;
    return new Deno.Command(program, { args, ...io }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new HostError(`There is no ${program} on the PATH`, "install OpenSSH's client");
  }
}

/** Writes the script, and the file behind it. A host that takes no more of it has said why, or its ending does. */
async function feed(
  stdin: WritableStream<Uint8Array>,
  script: string,
  { file: path, sent = () => {}, signal }: Run,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(script));
    if (path !== undefined) {
      using file = await Deno.open(path);
      const chunk = new Uint8Array(1 << 18);
      let bytes = 0;
      for (let length; (length = await file.read(chunk)) !== null && !signal?.aborted;) {
        // A copy, as the stream may still hold it when the next one is read.
        await writer.write(chunk.slice(0, length));
        sent(bytes += length);
      }
    }
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof TypeError)) throw error;
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  said: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(said);
  }
  if (rest !== "") said(rest);
}

async function lastWords(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let words = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    words = (words + text).slice(-LAST_WORDS);
  }
  return words;
}
