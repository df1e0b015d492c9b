/**
 * Stores activities. Each activity carries out one decision.
 *
 * @module
 */
import type { Decision } from "../../scaling/model/decision.ts";
import type { ActivityInProgress, ActivityKind } from "../../scaling/model/activity.ts";
import type { Database, Row } from "./sqlite/database.ts";
import type { ActivityStatus } from "./names.ts";

/** An activity: an action that kas carries out or has carried out. Times are in ms since the epoch. */
export interface Activity {
  readonly id: number;
  readonly kind: ActivityKind;
  /** The candidate that the activity works on. Absent while EC2 has not answered a launch. */
  readonly instance?: string;
  /** The launch template of a launch. */
  readonly template?: string;
  /** The candidates that the activity has not tried yet (R7). */
  readonly remaining: readonly string[];
  /** The SNS message that triggered the decision. */
  readonly message?: string;
  readonly began: number;
  readonly ended?: number;
  readonly status: ActivityStatus;
  /** The reason of the activity. After its end, also how the activity ended. */
  readonly reason: string;
}

/** An activity whose instance is known. */
export type PlacedActivity = Activity & { readonly instance: string };

/** The columns that {@linkcode toActivity} reads, of the table `activities`. */
const COLUMNS = `*, (SELECT message FROM decisions d WHERE d.id = activities.decision) AS message,
  (SELECT json_extract(d.decision, '$.template') FROM decisions d WHERE d.id = activities.decision) AS template`;

/** Records a new activity for a decision. */
export function addActivity(
  db: Database,
  id: number,
  decision: Exclude<Decision, { kind: "none" }>,
  now: number,
  dryRun: boolean,
): Activity {
  const remaining = decision.kind === "start"
    ? decision.candidates.filter((candidate) => candidate !== decision.instance)
    : [];
  const status: ActivityStatus = dryRun ? "dry-run" : "in-progress";
  const row = db.prepare(
    `INSERT INTO activities (decision, kind, instance, remaining, began, ended, status, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
  ).get(
    id,
    decision.kind,
    "instance" in decision ? decision.instance : null,
    JSON.stringify(remaining),
    now,
    dryRun ? now : null,
    status,
    decision.reason,
  );
  return toActivity(row ?? {});
}

/** Records how an activity ended. */
export function endActivity(
  db: Database,
  id: number,
  status: ActivityStatus,
  reason: string,
  now: number,
): Activity {
  const row = db.prepare(
    `UPDATE activities SET ended = ?, status = ?, reason = ? WHERE id = ? RETURNING ${COLUMNS}`,
  ).get(now, status, reason, id);
  if (row === undefined) throw new RangeError(`Cannot end activity ${id}: it is not in the journal`);
  return toActivity(row);
}

/** Adds a sentence to the reason of an activity, once. */
export function noteActivity(db: Database, id: number, sentence: string): void {
  db.prepare("UPDATE activities SET reason = reason || ' ' || ?1 WHERE id = ?2 AND instr(reason, ?1) = 0")
    .run(sentence, id);
}

/** Records the instance that EC2 launched for an activity. */
export function setInstance(db: Database, id: number, instance: string): void {
  db.prepare("UPDATE activities SET instance = ? WHERE id = ?").run(instance, id);
}

/** Moves an activity to its next candidate that no other activity works on (R7). Returns undefined if there is none. */
export function nextCandidate(db: Database, activity: Activity): PlacedActivity | undefined {
  const taken = new Set(readUnfinished(db).map(({ instance }) => instance));
  const [instance, ...remaining] = activity.remaining.filter((id) => !taken.has(id));
  if (instance === undefined) return undefined;
  db.prepare("UPDATE activities SET instance = ?, remaining = ? WHERE id = ?")
    .run(instance, JSON.stringify(remaining), activity.id);
  return { ...activity, instance, remaining };
}

/**
 * The activities in progress, oldest first.
 *
 * @param also activities to include even if they have ended since
 */
export function readUnfinished(db: Database, also: readonly Activity[] = []): Activity[] {
  const sql = `SELECT ${COLUMNS} FROM activities
    WHERE ended IS NULL OR id IN (SELECT value FROM json_each(?)) ORDER BY id`;
  return db.prepare(sql).all(JSON.stringify(also.map(({ id }) => id))).map(toActivity);
}

/** The activity that carries out a decision. */
export function readActivityOf(db: Database, decision: number): Activity | undefined {
  const row = db.prepare(`SELECT ${COLUMNS} FROM activities WHERE decision = ?`).get(decision);
  return row === undefined ? undefined : toActivity(row);
}

/** Converts activities to the form that a decision uses. */
export function toInProgress(activities: readonly Activity[]): ActivityInProgress[] {
  return activities.map(({ kind, instance, began }) => ({
    kind,
    ...(instance === undefined ? {} : { instance }),
    since: began,
  }));
}

/**
 * Returns the instances that are leaving the fleet: stops and terminations in progress, and starts that are being rolled back.
 */
export function readLeaving(db: Database): ActivityInProgress[] {
  const rollbacks = db.prepare(
    "SELECT instance, began FROM steps WHERE step = 'rolled-back' AND ended IS NULL",
  ).all();
  return [
    ...toInProgress(readUnfinished(db)).filter(({ kind }) => kind === "stop" || kind === "terminate"),
    ...rollbacks.map(({ instance, began }): ActivityInProgress => ({
      kind: "stop",
      instance: String(instance),
      since: Number(began),
    })),
  ];
}

function toActivity(row: Row): Activity {
  return {
    id: Number(row.id),
    kind: row.kind as Activity["kind"],
    ...(row.instance === null ? {} : { instance: String(row.instance) }),
    ...(row.template === null ? {} : { template: String(row.template) }),
    remaining: JSON.parse(String(row.remaining)),
    ...(row.message === null ? {} : { message: String(row.message) }),
    began: Number(row.began),
    ...(row.ended === null ? {} : { ended: Number(row.ended) }),
    status: row.status as ActivityStatus,
    reason: String(row.reason),
  };
}
