/**
 * The lines of the journal that kas shows to people. Each line is a decision without an activity, or an activity with its decision.
 * Consecutive reconciles with no action and the same reason are one line.
 *
 * @module
 */
import type { Trigger } from "../../scaling/model/trigger.ts";
import { isoTime } from "../../cli/format.ts";
import type { DecisionKind } from "../../scaling/model/decision.ts";
import { ACTIVITY_KINDS, type ActivityStatus, STATUSES, TRIGGER_KINDS } from "./names.ts";
import type { Database } from "./sqlite/database.ts";
import { DamagedRowError, integer, MAX_TIME, oneOf, orNull, type Row, text, time } from "./sqlite/rows.ts";
import { readSteps } from "./steps.ts";

/** A line of the journal, as `kas admin activities` and `GET /activities` show it. */
export interface JournalLine {
  /** The id of the decision. If `times` is more than 1, the id of the first decision. */
  readonly id: number;
  /** When kas decided, in ISO 8601. If `times` is more than 1, the time of the last decision. */
  readonly time: string;
  readonly kind: DecisionKind;
  readonly instance: string | null;
  readonly status: ActivityStatus | null;
  readonly reason: string;
  /** How long the activity took, or has taken so far, in seconds. Null if there is no activity. */
  readonly seconds: number | null;
  readonly trigger: Trigger["kind"];
  readonly message: string | null;
  /** How many consecutive reconciles made this decision. */
  readonly times: number;
  /** When each phase ended, in ISO 8601, by the name of the phase (R17). */
  readonly phases: Readonly<Record<string, string>>;
}

/** The known kinds of activities in SQL. If the kind in a row is damaged, the line has the kind of the decision. */
const KINDS = ACTIVITY_KINDS.map((kind) => `'${kind}'`).join(", ");

const LINES =
  `SELECT d.id, d.time, d.trigger_kind, d.message, d.received, iif(a.kind IN (${KINDS}), a.kind, d.kind) AS kind, d.reason,
            1 + (SELECT count(*) FROM decisions r WHERE r.repeats = d.id) AS times,
            coalesce((SELECT max(r.time) FROM decisions r WHERE r.repeats = d.id AND r.time <= ${MAX_TIME}), d.time) AS last,
            json_valid(d.trigger_json) AND json_valid(d.decision) AS is_json,
            iif(json_valid(d.trigger_json) AND json_valid(d.decision),
              coalesce(json_extract(d.trigger_json, '$.alarm.at'), json_extract(d.decision, '$.recommendation.alarm.at'),
                (SELECT json_extract(value, '$.alarm.at') FROM json_each(d.decision, '$.recommendations')
                 WHERE json_extract(value, '$.alarm.at') IS NOT NULL LIMIT 1)),
              NULL) AS breach,
            a.id AS activity, coalesce(a.instance, d.instance) AS instance, a.status, a.began, a.ended, a.reason AS outcome
     FROM decisions d LEFT JOIN activities a ON a.decision = d.id
     WHERE d.repeats IS NULL`;

/** Returns the latest decisions with their activities, newest first. Skips damaged rows. */
export function readLines(db: Database, limit: number, now: number): JournalLine[] {
  const rows = db.prepare(`${LINES} ORDER BY d.id DESC, a.id DESC LIMIT ?`).all(limit);
  return db.readAll(rows, name, (row) => toLine(db, row, now));
}

const name = (row: Row) => `decision ${row.id}`;

/**
 * Returns the line of an activity.
 *
 * @throws {DamagedRowError} if the row of the activity or of its decision is damaged
 */
export function readLine(db: Database, activity: number, now: number): JournalLine | undefined {
  const row = db.prepare(`${LINES} AND a.id = ?`).get(activity);
  return row === undefined ? undefined : toLine(db, row, now);
}

function toLine(db: Database, row: Row, now: number): JournalLine {
  return {
    id: integer(row, "id"),
    time: isoTime(time(row, "last")),
    kind: oneOf(row, "kind", ["none", ...ACTIVITY_KINDS]),
    instance: orNull(row, "instance", text),
    status: orNull(row, "status", toStatus),
    reason: reason(row),
    seconds: row.activity === null
      ? null
      : ((orNull(row, "ended", time) ?? now) - time(row, "began")) / 1_000,
    trigger: oneOf(row, "trigger_kind", TRIGGER_KINDS),
    message: orNull(row, "message", text),
    times: integer(row, "times"),
    phases: phases(db, row),
  };
}

function toStatus(row: Row, column: string): ActivityStatus {
  return oneOf(row, column, STATUSES);
}

function phases(db: Database, row: Row): Record<string, string> {
  // Report that the JSON of the decision is damaged. The other fields of the line do not depend on it.
  if (row.is_json === 0) {
    db.reportDamage(name(row), new DamagedRowError("its trigger or decision is not JSON"));
  }
  if (row.activity === null) return {};
  const ended: [string, unknown][] = [
    ["breach", row.breach],
    ["notified", row.received],
    ["decided", row.time],
  ];
  for (const { step, instance, ended: at, failure } of readSteps(db, Number(row.activity))) {
    if (instance === row.instance && failure === undefined) ended.push([step, at]);
  }
  return Object.fromEntries(
    ended.filter(([, at]) => typeof at === "number" && Math.abs(at) <= MAX_TIME).map((
      [phase, at],
    ) => [phase, isoTime(Number(at))]),
  );
}

/** Returns the reason of the decision. If the activity failed or was cancelled, returns first how it ended. */
function reason({ status, reason, outcome }: Row): string {
  if (status === "failed" || status === "cancelled") return `${outcome} (decided: ${reason})`;
  return String(status === "successful" ? outcome : reason);
}
