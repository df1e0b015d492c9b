/**
 * Whether an instance has really ended while kas starts it. EC2's reads can go back in time: a read after one that showed `pending`
 * may show the `stopped` from before the start. Source: EC2 developer guide, "Eventual consistency in the Amazon EC2 API".
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import type { Clock } from "../../../runtime.ts";

/** How far EC2's reads are expected to go back in time at most, in ms. A state that they show for as long is the present one. */
export const READ_LAG = 30_000;

/** The resolution of the times in EC2's StateTransitionReason and LaunchTime, in ms. */
const RESOLUTION = 1_000;

/** Judges the states of one instance that EC2 reports during its start. */
export class EndedInstance {
  readonly #clock: Pick<Clock, "elapsed">;
  /** The latest time at which the instance was stopped or started before this start, or by it, in ms since the epoch. */
  #known: number | undefined;
  /** The clock's elapsed time when EC2 began to report an end, in ms. */
  #since: number | undefined;
  #wasPending = false;

  /**
   * @param before when the instance stopped last before its start, in ms since the epoch; 0 for a launched instance, which has
   * never stopped; undefined if that is not known
   */
  constructor(clock: Pick<Clock, "elapsed">, before: number | undefined) {
    this.#clock = clock;
    this.#known = before;
  }

  /**
   * Returns whether the instance has ended since its start began. `stopping` and `stopped` count if EC2's time of the change is
   * newer than the start, or if EC2 has reported them without a break for {@linkcode READ_LAG}. `stopped` also needs an earlier
   * `pending` for the latter: until then the start is not visible yet. Nothing undoes `shutting-down` and `terminated`.
   */
  isShownBy({ state, launched, stateTransitionAt }: Ec2Instance): boolean {
    switch (state) {
      case "shutting-down":
      case "terminated":
        return true;
      case "pending":
      case "running":
        this.#wasPending ||= state === "pending";
        this.#since = undefined;
        if (launched !== undefined) {
          this.#known = Math.max(this.#known ?? 0, Math.floor(launched / RESOLUTION) * RESOLUTION);
        }
        return false;
      case "stopping":
      case "stopped": {
        if (this.#known !== undefined && (stateTransitionAt ?? 0) > this.#known) return true;
        const now = this.#clock.elapsed();
        this.#since ??= now;
        return now - this.#since >= READ_LAG && (state === "stopping" || this.#wasPending);
      }
      default:
        return state satisfies never;
    }
  }
}
