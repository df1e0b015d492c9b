/**
 * The pauses of scaling that operators asked for in a lab, as the operators know them: from the answers to their requests.
 *
 * @module
 */
import type { Direction } from "../../../src/scaling/model/activity.ts";

/** A pause that the autoscaler confirmed. */
interface ConfirmedPause {
  /** When the pause ends, in ms since the epoch on the autoscaler's clock. */
  readonly until: number;
  /** The id of the last activity that began before the pause. */
  readonly lastActivity: number;
}

/** An activity as the database has it. */
export interface ActivityRow {
  readonly id: number;
  readonly kind: string;
}

/** The pauses in force, by direction. */
export class PauseLedger {
  readonly #confirmed = new Map<Direction, ConfirmedPause>();

  /** Reports that the autoscaler confirmed a pause. */
  paused(directions: readonly Direction[], pause: ConfirmedPause): void {
    for (const direction of directions) this.#confirmed.set(direction, pause);
  }

  /** Reports that an operator resumes the scaling, or that the result of a request is unknown because of a crash. */
  forget(directions: readonly Direction[]): void {
    for (const direction of directions) this.#confirmed.delete(direction);
  }

  /** Reports a jump of the autoscaler's clock: it is not certain any more when a pause ends. */
  clockJumped(): void {
    for (const [direction, { until }] of this.#confirmed) {
      if (until !== Infinity) this.#confirmed.delete(direction);
    }
  }

  /** Returns the activities that began although their direction was paused. */
  violations(activities: readonly ActivityRow[], now: number): ActivityRow[] {
    return activities.filter(({ id, kind }) => {
      const pause = this.#confirmed.get(/^(stop|terminate)$/.test(kind) ? "in" : "out");
      return pause !== undefined && now < pause.until && id > pause.lastActivity;
    });
  }

  /** Whether any pause is in force. */
  isAnyInForce(now: number): boolean {
    return this.#confirmed.values().some(({ until }) => now < until);
  }
}
