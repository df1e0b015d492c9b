/**
 * The settings of the rules.
 *
 * @module
 */

/** One field a setting, named after its flag. Durations are in ms. */
export interface Limits {
  /** R3: the minimum capacity. Absent: the number of base and control instances. */
  readonly min?: number;
  /** R3: the maximum capacity. Absent: the size of the whole fleet. */
  readonly max?: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
  readonly resync: number;
  /** How late CloudWatch's metrics and alarms may be. Absent in the records of versions 1 and 2 of the rules: 0. */
  readonly metricDelay?: number;
  /** The launch template for new nodes when no standby node is left (R7); absent: kas launches no node. */
  readonly grow?: string;
  /** What scaling in does to a node (R10); absent: kas stops it. */
  readonly shrink?: "stop" | "terminate";
}
