/**
 * Datapoints of metrics on which decisions depend.
 *
 * @module
 */

/** A CPU datapoint of an instance. */
export interface Datapoint {
  readonly percent: number;
  /** When the period of the datapoint began, in ms since the epoch. */
  readonly at: number;
}
