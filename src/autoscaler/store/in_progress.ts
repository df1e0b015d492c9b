/**
 * What is under way by the journal, as far as decisions and acts look at it.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { ActivityInProgress } from "../../scaling/model/observation.ts";
import { type Activity, ACTIVITY_COLUMNS, toActivity } from "./record.ts";

/**
 * The activities under way, oldest first.
 *
 * @param also those that are wanted too, though they may have ended since
 */
export function readUnfinished(db: DatabaseSync, also: readonly Activity[] = []): Activity[] {
  const sql = `SELECT ${ACTIVITY_COLUMNS} FROM activities
    WHERE ended IS NULL OR id IN (SELECT value FROM json_each(?)) ORDER BY id`;
  return db.prepare(sql).all(JSON.stringify(also.map(({ id }) => id))).map(toActivity);
}

/** Activities as far as a decision looks at them. */
export function activitiesInProgress(activities: readonly Activity[]): ActivityInProgress[] {
  return activities.map(({ kind, instance, began }) => ({
    kind,
    ...(instance === undefined ? {} : { instance }),
    since: began,
  }));
}

/** What is on its way out: the stops and terminations under way, and the ways in that are being undone. */
export function readLeaving(db: DatabaseSync): ActivityInProgress[] {
  const undoing = db.prepare("SELECT instance, began FROM steps WHERE step = 'rolled-back' AND ended IS NULL")
    .all();
  return [
    ...activitiesInProgress(readUnfinished(db)).filter(({ kind }) => kind === "stop" || kind === "terminate"),
    ...undoing.map(({ instance, began }): ActivityInProgress => ({
      kind: "stop",
      instance: String(instance),
      since: Number(began),
    })),
  ];
}
