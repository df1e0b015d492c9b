/**
 * What starts an evaluation.
 *
 * @module
 */
import type { Direction } from "./activity.ts";
import type { AlarmChange } from "./alarm.ts";

/** A message of the topic. */
export interface NotificationTrigger {
  readonly kind: "notification";
  /** The change of an alarm; absent for a message that is not an alarm of kas. */
  readonly alarm?: AlarmChange;
}

/** The periodic evaluation of all alarms (R2). */
export interface ReconcileTrigger {
  readonly kind: "reconcile";
}

/** A person who asks for one instance more or less. */
export interface OperatorTrigger {
  readonly kind: "operator";
  readonly direction: Direction;
  /** The only instance that kas may act on. */
  readonly instance?: string;
}

/** What starts an evaluation. */
export type Trigger = NotificationTrigger | ReconcileTrigger | OperatorTrigger;
