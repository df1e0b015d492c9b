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

/** The periodic evaluation of the whole fleet (R2), which also follows soon after something has changed. */
export interface ReconcileTrigger {
  readonly kind: "reconcile";
}

/** R19: a window of a schedule begins, soon begins, or ends. kas evaluates the same as for a reconcile. */
export interface ScheduleTrigger {
  readonly kind: "schedule";
}

/** New samples of the load arrived, and a policy asks for a change of capacity. kas evaluates the same as for a reconcile. */
export interface TelemetryTrigger {
  readonly kind: "telemetry";
}

/** A person asks with `kas admin scale` to start or stop a number of instances. */
export interface OperatorTrigger {
  readonly kind: "operator";
  readonly direction: Direction;
  /** The id of the only instance that kas may select. */
  readonly instance?: string;
  /** How many instances. Absent: one. */
  readonly count?: number;
}

/** A person asks for a capacity with `kas admin scale to`. */
export interface CapacityTrigger {
  readonly kind: "operator";
  readonly direction: "to";
  readonly capacity: number;
  /** When the capacity stops applying, in ms since the epoch. If absent, the capacity applies until the fleet has it. */
  readonly until?: number;
}

/** What starts an evaluation. */
export type Trigger =
  | NotificationTrigger
  | ReconcileTrigger
  | ScheduleTrigger
  | TelemetryTrigger
  | OperatorTrigger
  | CapacityTrigger;

/** Whether kas evaluates the whole fleet because of a trigger. */
export function isWhole({ kind }: Pick<Trigger, "kind">): boolean {
  return kind === "reconcile" || kind === "schedule" || kind === "telemetry";
}
