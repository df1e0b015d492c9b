/**
 * Raises the priority of the processes of a scenario, so that other processes on the machine do not delay the scenario.
 *
 * @module
 */
import os from "node:os";

/** Niceness of the processes of a scenario. */
const NICENESS = -10;

/**
 * File with which a process reads and sets the niceness of its session. If the kernel groups the processes of a session
 * (`kernel.sched_autogroup_enabled`), the niceness of a process has an effect only within its session. Source: sched(7), "The
 * autogroup feature".
 */
const AUTOGROUP = "/proc/self/autogroup";

/**
 * Raises the priority of this process and of the processes that it starts later. Also raises the priority of the session, until the
 * disposal of the result. Without the necessary privileges the priorities do not change.
 */
export function raisePriority(): Disposable {
  const before = sessionNiceness();
  attempt(() => os.setPriority(0, NICENESS));
  setSessionNiceness(NICENESS);
  return {
    [Symbol.dispose]: () => {
      // If another scenario in the same session had already raised the niceness, `before` is not the original niceness, which is 0.
      if (before !== undefined) setSessionNiceness(before === NICENESS ? 0 : before);
    },
  };
}

/** Returns the niceness of the session, or undefined if the kernel does not group the processes of a session. */
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
    // The process does not have the privilege, or the kernel does not have the feature.
    return undefined;
  }
}
