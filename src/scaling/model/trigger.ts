/**
 * What starts an evaluation.
 *
 * @module
 */
import type { Direction } from "./activity.ts";
import type { AlarmChange } from "./alarm.ts";

/** A notification of the topic. */
export interface NotificationTrigger {
  readonly kind: "notification";
  /** The change of an alarm. Absent if the message does not describe an alarm of kas. */
  readonly alarm?: AlarmChange;
}

/** The periodic evaluation of all alarms (R2). */
export interface ReconcileTrigger {
  readonly kind: "reconcile";
}

/** A person asks for one instance more or less with `kas admin scale`. */
export interface OperatorTrigger {
  readonly kind: "operator";
  readonly direction: Direction;
  /** The id of the only instance that kas may select. */
  readonly instance?: string;
}

/** What starts an evaluation. */
export type Trigger = NotificationTrigger | ReconcileTrigger | OperatorTrigger;
