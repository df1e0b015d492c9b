/**
 * Stores activities. Each activity carries out one decision.
 *
 * @module
 */
import { type Action, instanceOf } from "../../scaling/model/decision.ts";
import { type ActivityInProgress, type ActivityKind, DIRECTION } from "../../scaling/model/activity.ts";
import type { Database } from "./sqlite/database.ts";
import { integer, oneOf, optional, type Row, text, texts, time } from "./sqlite/rows.ts";
import { ACTIVITY_KINDS, type ActivityStatus, STATUSES } from "./names.ts";

/** An activity: an action that kas carries out or has carried out. Times are in ms since the epoch. */
export interface Activity {
  readonly id: number;
  readonly kind: ActivityKind;
  /** The id of the instance that the activity starts or stops. Absent while EC2 has not answered a launch. */
  readonly instance?: string;
  /** The launch template. Only launches have one. */
  readonly template?: string;
  /** Set if the activity stops an unhealthy instance (R21). */
  readonly unhealthy?: true;
  /** The ids of the candidates that the activity has not tried yet (R7). */
  readonly remaining: readonly string[];
  /** The MessageId of the SNS message that triggered the decision. */
  readonly message?: string;
  readonly began: number;
  readonly ended?: number;
  readonly status: ActivityStatus;
  /** The reason of the decision. After the activity has ended, also how it ended. */
  readonly reason: string;
}

/** An activity whose instance is known. */
export type PlacedActivity = Activity & { readonly instance: string };

/** The columns of the table `activities` that {@linkcode toActivity} reads, with the message of the decision. */
const COLUMNS = "*, (SELECT message FROM decisions d WHERE d.id = activities.decision) AS message";

const name = (row: Row) => `activity ${row.id}`;

/**
 * Returns the activities that ended between two times in ms since the epoch with their instance out of service or in service, oldest
 * first: those that succeeded, and scale-ins that failed. Skips damaged rows.
 */
export function readEnded(db: Database, since: number, until: number): Activity[] {
  const sql = `SELECT ${COLUMNS} FROM activities WHERE ended BETWEEN ? AND ?
    AND (status = 'successful' OR (status = 'failed' AND kind IN ('stop', 'terminate'))) ORDER BY id`;
  return db.readAll(db.prepare(sql).all(since, until), name, (row) => toActivity(db, row));
}

/** Records a new activity that carries out an action of a decision. */
export function addActivity(
  db: Database,
  id: number,
  action: Action,
  { reason, now, dryRun }: { readonly reason: string; readonly now: number; readonly dryRun: boolean },
): Activity {
  const remaining = action.kind === "start"
    ? action.candidates.filter((candidate) => candidate !== action.instance)
    : [];
  const status: ActivityStatus = dryRun ? "dry-run" : "in-progress";
  const row = db.prepare(
    `INSERT INTO activities (decision, kind, instance, remaining, began, ended, status, reason, template, unhealthy)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
  ).get(
    id,
    action.kind,
    instanceOf(action) ?? null,
    JSON.stringify(remaining),
    now,
    dryRun ? now : null,
    status,
    reason,
    action.kind === "launch" ? action.template : null,
    "unhealthy" in action ? 1 : null,
  );
  return toActivity(db, row ?? {});
}

/** Records how an activity ended. This also works if the row of the activity is damaged. */
export function endActivity(
  db: Database,
  activity: Activity,
  status: ActivityStatus,
  reason: string,
  now: number,
): Activity {
  const { instance: _, ...rest } = activity;
  const row = db.prepare(
    "UPDATE activities SET ended = ?, status = ?, reason = ? WHERE id = ? RETURNING instance",
  )
    .get(now, status, reason, activity.id);
  if (row === undefined) throw new RangeError(`Cannot end activity ${activity.id}: it is not in the journal`);
  return { ...rest, ...optional("instance", row, text), ended: now, status, reason };
}

/** Returns the ids of the activities in progress whose rows are damaged, and reports these rows. */
export function readDamaged(db: Database): number[] {
  const rows = db.prepare(`SELECT ${COLUMNS} FROM activities WHERE ended IS NULL`).all();
  const sound = new Set(db.readAll(rows, name, (row) => toActivity(db, row).id));
  return rows.map(({ id }) => Number(id)).filter((id) => !sound.has(id));
}

/** Ends an activity whose row is damaged. */
export function endDamaged(db: Database, id: number, now: number): void {
  db.prepare("UPDATE activities SET ended = ?, status = 'failed', reason = ? WHERE id = ?")
    .run(now, "The record of the activity in the journal is damaged.", id);
}

/** Adds a sentence to the reason of an activity, unless the reason already contains it. */
export function noteActivity(db: Database, id: number, sentence: string): void {
  db.prepare("UPDATE activities SET reason = reason || ' ' || ?1 WHERE id = ?2 AND instr(reason, ?1) = 0")
    .run(sentence, id);
}

/** Records the instance that EC2 launched for an activity. */
export function setInstance(db: Database, id: number, instance: string): void {
  db.prepare("UPDATE activities SET instance = ? WHERE id = ?").run(instance, id);
}

/** Moves an activity to its next candidate without another activity in progress (R7). Returns undefined if there is none. */
export function nextCandidate(db: Database, activity: Activity): PlacedActivity | undefined {
  const taken = new Set(
    db.prepare("SELECT instance FROM activities WHERE ended IS NULL").all().map(({ instance }) => instance),
  );
  const [instance, ...remaining] = activity.remaining.filter((id) => !taken.has(id));
  if (instance === undefined) return undefined;
  db.prepare("UPDATE activities SET instance = ?, remaining = ? WHERE id = ?")
    .run(instance, JSON.stringify(remaining), activity.id);
  return { ...activity, instance, remaining };
}

/**
 * Returns the activities in progress, oldest first. Skips damaged rows.
 *
 * @param also activities to include even if they have ended meanwhile
 */
export function readUnfinished(db: Database, also: readonly Activity[] = []): Activity[] {
  const sql = `SELECT ${COLUMNS} FROM activities
    WHERE ended IS NULL OR id IN (SELECT value FROM json_each(?)) ORDER BY id`;
  const rows = db.prepare(sql).all(JSON.stringify(also.map(({ id }) => id)));
  return db.readAll(rows, name, (row) => toActivity(db, row));
}

/**
 * Returns the activities that carry out a decision, in the order of its actions.
 *
 * @throws {DamagedRowError} if the row of an activity is damaged
 */
export function readActivitiesOf(db: Database, decision: number): Activity[] {
  const rows = db.prepare(`SELECT ${COLUMNS} FROM activities WHERE decision = ? ORDER BY id`).all(decision);
  return rows.map((row) => toActivity(db, row));
}

/**
 * Returns the activities in progress in the form that a decision uses, oldest first. If kas is rolling back the start of an
 * instance, the activity counts as a stop of this instance.
 *
 * @param also activities to include even if they have ended meanwhile
 */
export function readInProgress(db: Database, also: readonly Activity[] = []): ActivityInProgress[] {
  const rows = db.prepare(
    `SELECT id, activity, instance, began FROM steps
     WHERE step = 'rolled-back' AND activity IN (SELECT id FROM activities WHERE ended IS NULL)`,
  ).all();
  const rolledBack = new Map(
    db.readAll(rows, (row) => `step ${row.id}`, (row) => [
      `${integer(row, "activity")} ${text(row, "instance")}`,
      time(row, "began"),
    ]),
  );
  return readUnfinished(db, also).map(({ id, kind, instance, began, unhealthy }) => {
    const since = rolledBack.get(`${id} ${instance}`);
    return {
      kind: since === undefined ? kind : "stop",
      ...(instance === undefined ? {} : { instance }),
      since: since ?? began,
      ...(unhealthy ? { unhealthy } : {}),
    };
  });
}

/**
 * Returns the instances that are leaving the fleet: stops and terminations in progress, and starts that are being rolled back.
 *
 * @param until the id of an activity; omits the stops and terminations that began after it
 */
export function readLeaving(db: Database, until = Infinity): ActivityInProgress[] {
  const rollbacks = db.prepare(
    "SELECT id, instance, began FROM steps WHERE step = 'rolled-back' AND ended IS NULL",
  ).all();
  const later = new Set(
    readUnfinished(db).filter(({ id, kind }) => id > until && DIRECTION[kind] === "in")
      .map(({ instance }) => instance),
  );
  return [
    ...readInProgress(db).filter(({ kind, instance }) => DIRECTION[kind] === "in" && !later.has(instance)),
    ...db.readAll(rollbacks, (row) => `step ${row.id}`, (row): ActivityInProgress => ({
      kind: "stop",
      instance: text(row, "instance"),
      since: time(row, "began"),
    })),
  ];
}

function toActivity(db: Database, row: Row): Activity {
  return {
    id: integer(row, "id"),
    kind: oneOf(row, "kind", ACTIVITY_KINDS),
    ...optional("instance", row, text),
    ...optional("template", row, text),
    remaining: remaining(db, row),
    ...optional("message", row, text),
    began: time(row, "began"),
    ...optional("ended", row, time),
    status: oneOf(row, "status", STATUSES),
    reason: text(row, "reason"),
    ...(row.unhealthy === 1 ? { unhealthy: true as const } : {}),
  };
}

/**
 * Returns the candidates not tried yet. Empty if the list is damaged: the activity can still continue with its present
 * instance.
 */
function remaining(db: Database, row: Row): readonly string[] {
  try {
    return texts(row, "remaining");
  } catch (error) {
    db.reportDamage(name(row), error);
    return [];
  }
}
