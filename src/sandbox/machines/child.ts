/**
 * Child processes that end when this process ends.
 *
 * @module
 */

/**
 * Starts a command as a child process. Only its stderr is piped. If `setpriv` (util-linux) is installed, the kernel kills the
 * child when this process ends, even after SIGKILL.
 *
 * @param env the child's whole environment. Default: the environment of this process
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

/**
 * Sends SIGTERM to a child process, and SIGKILL after `grace` ms. Resolves when `ended` resolves. SIGCONT lets a suspended process
 * handle the SIGTERM.
 */
export async function endChild(
  child: Deno.ChildProcess,
  ended: Promise<unknown>,
  grace: number,
): Promise<void> {
  sendSignal(child, "SIGTERM");
  sendSignal(child, "SIGCONT");
  const killer = setTimeout(() => sendSignal(child, "SIGKILL"), grace);
  await ended;
  clearTimeout(killer);
}

/** Sends a signal to a child process, unless it has exited. */
export function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // Deno throws if the child process has exited already.
  }
}
