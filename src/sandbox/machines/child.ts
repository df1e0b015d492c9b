/**
 * Child processes that do not outlive this one.
 *
 * @module
 */

/**
 * Starts a command; its stderr is piped, it reads and prints nothing. It dies with this process even if that is killed, where
 * there is a `setpriv` (util-linux) to arrange for that.
 *
 * @param env the child's whole environment; this process's own by default
 */
export function spawnChild(
  command: readonly string[],
  env?: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  const [program = "", ...args] = command;
  const options = {
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...env === undefined ? {} : { env, clearEnv: true },
  } as const;
  try {
    return new Deno.Command("setpriv", { ...options, args: ["--pdeathsig", "KILL", program, ...args] })
      .spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return new Deno.Command(program, { ...options, args }).spawn();
  }
}

/** Ends a child by SIGTERM, and by SIGKILL if that takes longer than `grace` (ms); resolves with `ended`. */
export async function endChild(
  child: Deno.ChildProcess,
  ended: Promise<unknown>,
  grace: number,
): Promise<void> {
  kill(child, "SIGTERM");
  const killer = setTimeout(() => kill(child, "SIGKILL"), grace);
  await ended;
  clearTimeout(killer);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}
