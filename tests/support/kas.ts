/**
 * Starts kas as a process.
 *
 * @module
 */
import { file } from "./needs.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const BINARY = new URL("../../dist/kas", import.meta.url).pathname;

/** The command that runs kas from its source. */
export const FROM_SOURCE: readonly string[] = [Deno.execPath(), "run", "-A", "--quiet", MAIN];

/** The command that runs the executable of `deno task build`, or kas from its source if there is no executable. */
export const BUILT: readonly string[] = file("dist/kas").met ? [BINARY] : FROM_SOURCE;

/** The exit status and the output of a process. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns the environment of this process without the developer's AWS account and settings of kas. */
function cleanEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(AWS|KAS)_/.test(name));
  return {
    ...Object.fromEntries(own),
    AWS_EC2_METADATA_DISABLED: "true",
    // Deno asks once a day whether there is a newer version.
    DENO_NO_UPDATE_CHECK: "1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    NO_COLOR: "1",
    ...env,
  };
}

/** Runs a command, and waits until it ends. */
export async function execute(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [program = "", ...args] = words;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: cleanEnv(env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** A running process. Its disposal sends SIGTERM and waits until the process ends. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /**
   * Resolves with the match of a line of stdout or stderr. Rejects with all lines if the process ends before a line
   * matches.
   */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** All lines of stdout and stderr so far, in order. */
  readonly lines: readonly string[];
  kill(signal: Deno.Signal): void;
  readonly status: Promise<Deno.CommandStatus>;
}

/** Starts a command. */
export function start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const [program = "", ...args] = words;
  const child = new Deno.Command(program, {
    args,
    env: cleanEnv(env),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const read = async (stream: ReadableStream<Uint8Array>) => {
    let rest = "";
    for await (
      const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    ) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      for (const look of waiting) look();
    }
    if (rest !== "") lines.push(rest);
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.status]).then(([, , status]) => {
    for (const look of [...waiting]) look();
    return status;
  });
  let over = false;
  ended.then(() => {
    over = true;
    for (const look of [...waiting]) look();
  });
  return {
    pid: child.pid,
    lines,
    status: ended,
    kill: (signal) => child.kill(signal),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = lines.values().map((line) => pattern.exec(line)).find((match) => match !== null);
          if (!match && !over) return;
          waiting.delete(look);
          if (match) resolve(match);
          else {reject(
              new Error(`${words.join(" ")} ended without a line like ${pattern}:\n${lines.join("\n")}`),
            );}
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        // `kill` throws TypeError if the process has already ended.
        if (!(error instanceof TypeError)) throw error;
      }
      await ended;
    },
  };
}

/**
 * Calls `ask` every 50 ms until its answer is the expected one. After `timeout` ms, throws an error that contains the
 * last answer.
 */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  satisfies: (answer: T) => boolean,
  timeout = 60_000,
): Promise<T> {
  const end = performance.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (performance.now() > end) {
      throw new Error(`Not within ${timeout} ms; the last answer: ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Returns the variables of the `export` lines that `kas admin sandbox` prints. */
export async function exportsOf(sandbox: Running): Promise<Record<string, string>> {
  await sandbox.line(/^export KAS_TRUST_SIGNER=/);
  return Object.fromEntries(
    sandbox.lines.filter((line) => line.startsWith("export ")).map((line) => {
      const [name = "", ...value] = line.slice("export ".length).split("=");
      return [name, value.join("=").replace(/^'(.*)'$/, "$1")];
    }),
  );
}
