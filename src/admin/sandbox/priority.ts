/**
 * Raises the priority of the scenario's processes, so that a busy machine does not distort the scenario's times.
 *
 * @module
 */
import os from "node:os";

/** The niceness of the scenario's processes. */
const NICENESS = -10;

/**
 * Where Linux shows and sets the niceness of all processes of the session. A niceness counts only among the processes of a session
 * if the kernel groups them (`kernel.sched_autogroup_enabled`). Source: sched(7), "The autogroup feature".
 */
const AUTOGROUP = "/proc/self/autogroup";

/**
 * Raises the priority of this process and of its later children, and of the session until disposal. It needs privileges; without
 * them the priority stays as it is.
 */
export function raisePriority(): Disposable {
  const before = sessionNiceness();
  attempt(() => os.setPriority(0, NICENESS));
  setSessionNiceness(NICENESS);
  return {
    [Symbol.dispose]: () => {
      // Another scenario of the session has raised it, and would restore what this one raised.
      if (before !== undefined) setSessionNiceness(before === NICENESS ? 0 : before);
    },
  };
}

/** The niceness of the session; undefined if the kernel does not group sessions. */
function sessionNiceness(): number | undefined {
  const text = attempt(() => Deno.readTextFileSync(AUTOGROUP)) ?? "";
  const [, niceness] = /nice (-?\d+)/.exec(text) ?? [];
  return niceness === undefined ? undefined : Number(niceness);
}

function setSessionNiceness(niceness: number): void {
  attempt(() => Deno.writeTextFileSync(AUTOGROUP, `${niceness}`));
}

/** Returns undefined if an action fails. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    // Ignore the error: the process lacks the privilege, or the kernel the feature.
    return undefined;
  }
}
