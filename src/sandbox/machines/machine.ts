/**
 * Interface of the simulated machine on which an instance runs.
 *
 * @module
 */

/** A running simulated machine with its own address. Its disposal shuts the machine down. */
export interface Machine extends AsyncDisposable {
  /**
   * Returns the CPU seconds that the machine has used since its start, or would have used on cores of its own. The value never
   * decreases.
   */
  cpuSeconds(): number;
  /**
   * Sends a signal to the machine's processes. SIGSTOP suspends them: the machine accepts connections and answers nothing until
   * SIGCONT. SIGKILL ends them. Throws TypeError if the processes are not known.
   */
  signal(signal: MachineSignal): void;
}

/** A signal to the processes of a machine. */
export type MachineSignal = "SIGSTOP" | "SIGCONT" | "SIGKILL";

/** The identity of a simulated machine. */
export interface MachineAddress {
  /** Id of the instance. */
  readonly id: string;
  /** IP address on which the machine serves. */
  readonly address: string;
}

/** Boots a simulated machine. The function returns immediately; the machine serves requests soon afterwards. */
export type MachineFactory = (address: MachineAddress) => Machine;
