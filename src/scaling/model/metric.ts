/**
 * Metrics that decisions look at.
 *
 * @module
 */

/** The latest CPU datapoint of an instance. */
export interface Datapoint {
  readonly percent: number;
  /** The time in ms since the epoch. */
  readonly at: number;
}
