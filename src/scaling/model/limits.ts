/**
 * The limits: the settings that decisions depend on. The windows of schedules: spans of time in which other bounds apply.
 *
 * @module
 */
import type { PolicySpec } from "./load/policy.ts";

/** The limits. Each field has the name of its flag. Durations are in ms. */
export interface Limits {
  /** R3: the minimum capacity. Absent: the number of base and control instances. */
  readonly min?: number;
  /** R3: the maximum capacity. Absent: the size of the whole fleet. */
  readonly max?: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
  readonly resync: number;
  /** How late CloudWatch's metrics and alarms may be. Absent in records of versions 1 and 2 of the rules, which means 0. */
  readonly metricDelay?: number;
  /**
   * The load policies, at most one of each type. Empty: kas scales only by the bounds, the schedules and operators. Absent: only
   * `alarms`, also in records of versions 1 to 6 of the rules.
   */
  readonly policies?: readonly PolicySpec[];
  /**
   * How long an instance may fail before it does not count as capacity any more, and kas replaces it (R21). Absent in records of
   * versions 1 to 6 of the rules.
   */
  readonly unhealthyAfter?: number;
  /** The launch template from which kas launches nodes when no standby node is left (R7). Absent: kas launches no node. */
  readonly grow?: string;
  /** What kas does to a node after it has drained (R10). Absent: kas stops it. */
  readonly shrink?: "stop" | "terminate";
}

/** A window of a schedule. Times are in ms since the epoch. */
export interface Window {
  /** The name of the schedule. */
  readonly name: string;
  readonly begins: number;
  /** The first ms after the window. */
  readonly ends: number;
  /** R19: the minimum capacity in the window. Absent: the schedule does not change the minimum. */
  readonly min?: number;
  /** R19: the maximum capacity in the window. Absent: the schedule does not change the maximum. */
  readonly max?: number;
}
