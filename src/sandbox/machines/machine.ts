/**
 * Interface of the simulated machine on which an instance runs.
 *
 * @module
 */

/** Port on which an instance serves. The load balancer and operators connect to this port. */
export const INSTANCE_PORT = 30000;

/** A running simulated machine with its own address. Its disposal shuts the machine down. */
export interface Machine extends AsyncDisposable {
  /**
   * Returns the CPU seconds that the machine has used since its start, or would have used on cores of its own. The value never
   * decreases.
   */
  cpuSeconds(): number;
}

/** The identity of a simulated machine. */
export interface MachineAddress {
  /** Id of the instance. */
  readonly id: string;
  /** IP address on which the machine serves, at {@linkcode INSTANCE_PORT}. */
  readonly address: string;
}

/** Boots a simulated machine. The function returns immediately; the machine serves requests soon afterwards. */
export type MachineFactory = (address: MachineAddress) => Machine;
