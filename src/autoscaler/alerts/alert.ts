/**
 * The alerts of the autoscaler: problems that a person has to look at, because kas cannot solve them.
 *
 * @module
 */

/** The names of all alerts. docs/observability.md explains them. */
export const ALERT_NAMES = [
  "below-min",
  "unhealthy",
  "quarantine-cap",
  "cannot-stop",
  "cannot-observe",
] as const;

/** The name of an alert. */
export type AlertName = (typeof ALERT_NAMES)[number];

/** An alert that is firing. */
export interface Alert {
  readonly name: AlertName;
  /** Why the alert is firing, in sentences. */
  readonly reason: string;
  /** Since when its condition has been true, in ms since the epoch. */
  readonly since: number;
}

/** The beginning or the end of an alert. */
export interface AlertChange extends Alert {
  readonly state: "firing" | "resolved";
}
