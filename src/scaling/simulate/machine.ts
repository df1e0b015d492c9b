/**
 * An instance of a simulated fleet.
 *
 * @module
 */

/** What an instance is doing. EC2 bills it unless it is stopped or stopping. Source: EC2 user guide, instance lifecycle. */
export type Phase = "stopped" | "booting" | "registering" | "in-service" | "draining" | "stopping";

/** An instance. Times are seconds since the start of the simulation. */
export interface Machine {
  readonly id: string;
  readonly base: boolean;
  readonly phase: Phase;
  /** When the present phase began. */
  readonly since: number;
  /** When the instance was last started. */
  readonly started: number;
  /** When the instance last stopped. */
  readonly stopped: number;
}
