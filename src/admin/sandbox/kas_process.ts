/**
 * Runs this kas in child processes: workers for the sandbox; an autoscaler and a setup for its scenario.
 *
 * @module
 */
import { endChild, spawnChild } from "../../sandbox/machines/child.ts";

/** The command that runs this kas: the executable, or deno with the source. */
export function kasCommand(): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const file = (path: string) => decodeURIComponent(new URL(path, import.meta.url).pathname);
  const config = file("../../../deno.json");
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    "--no-check",
    "--config",
    config,
    file("../../../main.ts"),
  ];
}

/** A child process that ended unexpectedly or failed. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** A running kas. Disposing of it sends SIGTERM. */
export interface KasProcess extends AsyncDisposable {
  /** Resolves with the first line of its stderr that matches. Rejects with ProcessError if the process ends before. */
  waitForLine(pattern: RegExp): Promise<RegExpExecArray>;
  /** Rejects with ProcessError, and the end of its stderr, if the process ends by itself. Never resolves. */
  readonly failed: Promise<never>;
}

/** How many lines of stderr are kept for error messages. */
const STDERR_TAIL = 5;

/** Time from SIGTERM to SIGKILL, in ms. */
const KILL_AFTER = 5_000;

/**
 * Starts `kas ARGS…`. Its environment has no AWS and kas settings of the user, only those of `env`.
 */
export function startKas(args: readonly string[], env: Readonly<Record<string, string>>): KasProcess {
  const child = spawnChild([...kasCommand(), ...args], environment(env));
  const tail: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const read = (async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        tail.push(line);
        if (tail.length > STDERR_TAIL) tail.shift();
        for (const listener of listeners) listener(line);
      }
    }
  })();
  let disposed = false;
  const failed = Promise.withResolvers<never>();
  // Prevent an unhandled rejection if nobody awaits this promise.
  failed.promise.catch(() => {});
  const ended = Promise.all([child.status, read]).then(([{ code }]) => {
    const last = tail.join("; ") || `exit status ${code}`;
    if (!disposed) failed.reject(new ProcessError(`kas ${args[0]} ended: ${last}`));
  });
  return {
    failed: failed.promise,
    waitForLine: (pattern) => {
      const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
      const listener = (line: string) => {
        const match = pattern.exec(line);
        if (match === null) return;
        listeners.delete(listener);
        resolve(match);
      };
      listeners.add(listener);
      tail.forEach(listener);
      return Promise.race([promise, failed.promise]);
    },
    [Symbol.asyncDispose]: async () => {
      disposed = true;
      await endChild(child, ended, KILL_AFTER);
    },
  };
}

/** Runs `kas ARGS…` to its end. Throws {@linkcode ProcessError} with the end of its stderr if the status is not 0. */
export async function runKas(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const [program = "", ...programArgs] = kasCommand();
  const { code, stderr } = await new Deno.Command(program, {
    args: [...programArgs, ...args],
    env: environment(env),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  }).output();
  signal.throwIfAborted();
  if (code === 0) return;
  const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-STDERR_TAIL).join("; ");
  throw new ProcessError(`kas ${args.join(" ")} failed: ${last || `exit status ${code}`}`);
}

function environment(env: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(AWS|KAS)_/.test(name));
  return {
    ...Object.fromEntries(others),
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    ...env,
  };
}
