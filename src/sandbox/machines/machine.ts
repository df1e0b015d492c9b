/**
 * The machine that an instance runs on.
 *
 * @module
 */

/** The port that an instance serves on. The load balancer and operators connect to it. */
export const INSTANCE_PORT = 30000;

/** A running machine with an address of its own. Its disposal shuts it down. */
export interface Machine extends AsyncDisposable {
  /**
   * Returns the CPU seconds that the machine used since it started, or would have used with cores of its own. The value never
   * decreases.
   */
  cpuSeconds(): number;
}

/** The identity of a machine. */
export interface MachineAddress {
  /** The instance's id. */
  readonly id: string;
  /** The IP address that the machine serves on, at {@linkcode INSTANCE_PORT}. */
  readonly address: string;
}

/** Boots a machine. It returns at once; the machine serves soon after. */
export type MachineFactory = (address: MachineAddress) => Machine;
