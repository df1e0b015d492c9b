/**
 * Judges whether an instance has really stopped or terminated while kas starts it. EC2's reads may show an old state: after a
 * read that showed `pending`, the next read may show the state `stopped` from before the start. Source: EC2 developer guide,
 * "Eventual consistency in the Amazon EC2 API".
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import type { Clock } from "../../../runtime.ts";

/**
 * How old a state in a read of AWS can be, in ms. If the reads show the same state for longer than this, it is the present
 * state.
 */
export const READ_LAG = 30_000;

/** The resolution of the times in EC2's StateTransitionReason and LaunchTime, in ms. */
const RESOLUTION = 1_000;

/** Judges the states of one instance that EC2 reports during its start. */
export class EndedInstance {
  readonly #clock: Pick<Clock, "elapsed">;
  /** When the instance was last stopped or started, as far as it is known, in ms since the epoch. This start counts too. */
  #known: number | undefined;
  /** Since when EC2 reports `stopping` or `stopped` without a break, in the clock's elapsed time. */
  #since: number | undefined;
  /** Whether EC2 has reported `pending`, so that its reads have shown the start. */
  #wasPending = false;

  /**
   * @param before when the instance last stopped before this start, in ms since the epoch; 0 for a launched instance, which
   * has never stopped; undefined if the time is unknown
   */
  constructor(clock: Pick<Clock, "elapsed">, before: number | undefined) {
    this.#clock = clock;
    this.#known = before;
  }

  /**
   * Returns whether the instance has stopped or terminated since its start began. The states `shutting-down` and `terminated`
   * always count, because an instance never leaves them. The states `stopping` and `stopped` count in two cases: if EC2's
   * time of the change is after the start, or if EC2 has reported them without a break for {@linkcode READ_LAG}. In the
   * second case, `stopped` counts only after EC2 has reported `pending`: until then EC2's reads may not show the start yet.
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
