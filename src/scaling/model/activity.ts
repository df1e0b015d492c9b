/**
 * What the rules know of activities: their kinds, their directions, and which activities are in progress.
 *
 * @module
 */

/**
 * The kinds of activities. `start` and `launch` put an instance into service (R9). `stop` and `terminate` take it out of
 * service (R10).
 */
export type ActivityKind = "start" | "launch" | "stop" | "terminate";

/** Scaling out adds capacity, scaling in removes it. */
export type Direction = "out" | "in";

/** The direction in which each kind of activity scales. */
export const DIRECTION = {
  start: "out",
  launch: "out",
  stop: "in",
  terminate: "in",
} as const satisfies Record<ActivityKind, Direction>;

/** An activity in progress. */
export interface ActivityInProgress {
  readonly kind: ActivityKind;
  /** The instance's id. Absent for a launch that EC2 has not answered yet. */
  readonly instance?: string;
  /** When the activity began, in ms since the epoch. */
  readonly since: number;
  /** Set if the activity stops an unhealthy instance (R21). */
  readonly unhealthy?: true;
}

/** Returns the activity in progress at an instance, by the instance's id. */
export type ActivityOf = (id: string) => ActivityKind | undefined;

/** Indexes the activities in progress by instance. If an instance has two, the later one counts. */
export function activityOf(
  { inProgress }: { readonly inProgress: readonly ActivityInProgress[] },
): ActivityOf {
  const latest = new Map<string | undefined, ActivityKind>(
    inProgress.map(({ instance, kind }) => [instance, kind]),
  );
  return (id) => latest.get(id);
}
