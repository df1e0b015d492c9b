/**
 * Child processes that do not outlive this process.
 *
 * @module
 */

/**
 * Starts a command with a piped stderr and no other output. If `setpriv` (util-linux) is installed, the kernel kills
 * the child when this process dies, even by SIGKILL.
 *
 * @param env the child's whole environment; by default this process's own
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

/** Sends SIGTERM to a child, and SIGKILL after `grace` ms. Resolves once `ended` does. */
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
    // The child has exited already.
  }
}
