/**
 * Runs kas in child processes: workers for the sandbox, and an autoscaler and `kas admin setup` for a scenario.
 *
 * @module
 */
import { endChild, spawnChild } from "../../sandbox/machines/child.ts";

/** Returns the command that runs the same kas as this process: this executable, or Deno with main.ts. */
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

/** Error: a kas process failed, or ended unexpectedly. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** A running kas process. Its disposal sends SIGTERM to the process and waits until it has ended. */
export interface KasProcess extends AsyncDisposable {
  /** Waits for a line of the process's stderr that matches the pattern. Rejects with a ProcessError if the process ends first. */
  waitForLine(pattern: RegExp): Promise<RegExpExecArray>;
  /**
   * Rejects with a ProcessError if the process ends before its disposal. The error contains the end of its stderr. Never
   * resolves.
   */
  readonly failed: Promise<never>;
}

/** Number of lines of stderr that kas keeps for error messages. */
const STDERR_TAIL = 5;

/** Time from SIGTERM to SIGKILL, in ms. */
const KILL_AFTER = 5_000;

/**
 * Starts `kas ARGS…`. The process does not get the user's AWS and kas settings from the environment, only the settings in `env`.
 */
export function startKas(args: readonly string[], env: Readonly<Record<string, string>>): KasProcess {
  const child = spawnChild([...kasCommand(), ...args], { env: environment(env) });
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
  // Without a handler, a rejection of this promise would end the process if no caller awaits the promise.
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

/** Runs `kas ARGS…` and waits until it ends. Throws a ProcessError with the end of its stderr if the exit status is not 0. */
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
