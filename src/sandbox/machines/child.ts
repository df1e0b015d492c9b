/**
 * Child processes that end when this process ends.
 *
 * @module
 */

/** Options of {@linkcode spawnChild}. */
export interface ChildOptions {
  /** The child's whole environment. Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the child gets a process group of its own, so that signals reach its descendants too. */
  readonly group?: boolean;
}

/**
 * Starts a command as a child process. Only its stderr is piped. If `setpriv` (util-linux) is installed, the kernel kills the
 * child when this process ends, even after SIGKILL.
 */
export function spawnChild(
  command: readonly string[],
  { env, group = false }: ChildOptions = {},
): Deno.ChildProcess {
  const options = {
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...env === undefined ? {} : { env, clearEnv: true },
  } as const;
  // setsid(1) makes the process the leader of a new group and runs the command in the same process.
  const ownGroup = group ? ["setsid", ...command] : command;
  try {
    return new Deno.Command("setpriv", { ...options, args: ["--pdeathsig", "KILL", ...ownGroup] }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const [program = "", ...args] = command;
    return new Deno.Command(program, { ...options, args }).spawn();
  }
}

/**
 * Sends SIGTERM to a child process and its process group, and SIGKILL after `grace` ms. Resolves when `ended` resolves. SIGCONT lets
 * a suspended process handle the SIGTERM.
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

/** Sends a signal to a child process and, if the child leads a process group, to the whole group. Ended processes get no signal. */
export function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    Deno.kill(-child.pid, signal);
  } catch {
    // The child leads no group, or the group has ended.
    try {
      child.kill(signal);
    } catch {
      // Deno throws if the child process has exited already.
    }
  }
}
