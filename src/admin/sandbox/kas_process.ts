/**
 * This same kas in processes of its own: how the sandbox runs workers, and its scenario an autoscaler and setup.
 *
 * @module
 */
import { endChild, spawnChild } from "../../sandbox/machines/child.ts";

/** The words that start this kas: the executable alone, or deno and the source that it was started from. */
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

/** A process that has ended by itself though it should not have, or not well. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** A kas that goes on; disposing of it ends it by SIGTERM. */
export interface KasProcess extends AsyncDisposable {
  /** Resolves with the first line of its stderr that matches. Rejects with ProcessError if it ends before that. */
  waitForLine(pattern: RegExp): Promise<RegExpExecArray>;
  /** Rejects with ProcessError, its last words in it, if it ends by itself. Never resolves. */
  readonly failed: Promise<never>;
}

/** How much of what it said on stderr is kept to explain its end, lines. */
const LAST_WORDS = 5;

/** How long it may take to end after SIGTERM before it is killed, ms. */
const GRACE = 5_000;

/**
 * Starts `kas WORDS…` with an environment that holds nothing of the user's own AWS and kas settings but what is given.
 */
export function startKas(words: readonly string[], env: Readonly<Record<string, string>>): KasProcess {
  const child = spawnChild([...kasCommand(), ...words], environment(env));
  const said: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const read = (async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        said.push(line);
        if (said.length > LAST_WORDS) said.shift();
        for (const listener of listeners) listener(line);
      }
    }
  })();
  let ending = false;
  const failed = Promise.withResolvers<never>();
  // Whoever waits for it is told; nobody has to.
  failed.promise.catch(() => {});
  const ended = Promise.all([child.status, read]).then(([{ code }]) => {
    const last = said.join("; ") || `exit status ${code}`;
    if (!ending) failed.reject(new ProcessError(`kas ${words[0]} ended: ${last}`));
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
      said.forEach(listener);
      return Promise.race([promise, failed.promise]);
    },
    [Symbol.asyncDispose]: async () => {
      ending = true;
      await endChild(child, ended, GRACE);
    },
  };
}

/** Runs `kas WORDS…` to its end. Throws {@linkcode ProcessError} with its last words where its status is not 0. */
export async function runKas(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const [program = "", ...args] = kasCommand();
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args, ...words],
    env: environment(env),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal,
  }).output();
  signal.throwIfAborted();
  if (code === 0) return;
  const last = new TextDecoder().decode(stderr).trim().split("\n").slice(-LAST_WORDS).join("; ");
  throw new ProcessError(`kas ${words.join(" ")} failed: ${last || `exit status ${code}`}`);
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
