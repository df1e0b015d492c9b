/**
 * A decision's record: all that it takes to make the decision again (R16) and to say what came of it.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { deflateSync, inflateSync } from "node:zlib";
import type { Recommendation } from "../../scaling/model/alarm.ts";
import type { Decision } from "../../scaling/decide.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import type { ActivityKind as Kind } from "../../scaling/model/instance.ts";

/** How an activity stands: `dry-run` was decided and not carried out, `cancelled` was overtaken by another one. */
export type ActivityStatus = "in-progress" | "done" | "failed" | "cancelled" | "dry-run";

/** The carrying out of one decision. Times are ms since the epoch. */
export interface Activity {
  readonly id: number;
  readonly kind: Kind;
  /** The instance it is at; absent for a launch that EC2 has not answered yet. */
  readonly instance?: string;
  /** What a launch launches from, as it was decided. */
  readonly template?: string;
  /** The candidates that it has not turned to (R7). */
  readonly remaining: readonly string[];
  /** The message that asked for it, if one did. */
  readonly message?: string;
  readonly began: number;
  readonly ended?: number;
  readonly status: ActivityStatus;
  /** How it ended, or why it was begun. */
  readonly reason: string;
}

/** An activity that is at an instance. */
export type PlacedActivity = Activity & { readonly instance: string };

/** A step of an activity. Times are ms since the epoch. */
export interface Step {
  readonly step: string;
  /** Absent for a launch that EC2 has not answered yet. */
  readonly instance?: string;
  readonly began: number;
  readonly ended?: number;
  readonly failure?: string;
  /** Of a step that sets right what went wrong: what did. */
  readonly cause?: Cause;
}

/** Why an instance is given up, and whether it is at fault. */
export interface Cause {
  readonly reason: string;
  readonly blame: boolean;
}

/** A decision as it was made and recorded. Times are ms since the epoch. */
export interface DecisionRecord {
  readonly id: number;
  readonly time: number;
  /** The version of kas that made it; null where that is not known. */
  readonly kas: string | null;
  /** The version of its rules. */
  readonly rules: number;
  /** The message that asked. */
  readonly message: { readonly id: string; readonly received: number } | null;
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
  /** What was done about it. */
  readonly activity: (Activity & { readonly steps: readonly Step[] }) | null;
}

/** Which record is wanted: by its number, the next after a number, the last one made by a time (ms), or the last of all. */
export type DecisionQuery =
  | { readonly id: number }
  | { readonly after: number }
  | { readonly at: number }
  | { readonly last: true };

/** The columns that {@linkcode toActivity} reads, of the table activities. */
export const ACTIVITY_COLUMNS =
  `*, (SELECT message FROM decisions d WHERE d.id = activities.decision) AS message,
  (SELECT json_extract(d.decision, '$.template') FROM decisions d WHERE d.id = activities.decision) AS template`;

/** A row of the database. */
export type Row = Record<string, unknown>;

/** zlib's level. A fleet of 1,000 shrinks to an eighth in 3 ms; the fastest level leaves half as much again. */
const LEVEL = 3;

/** Facts as they are stored. */
export function pack(json: string): Uint8Array {
  return deflateSync(json, { level: LEVEL });
}

/** The JSON of facts as they are stored. Throws if they are damaged, which zlib's checksum tells. */
function unpack(packed: Uint8Array): string {
  return inflateSync(packed).toString();
}

/**
 * Reads one record.
 *
 * @throws {Error} if it is damaged
 */
export function readRecord(db: DatabaseSync, wanted: DecisionQuery): DecisionRecord | undefined {
  const row = find(db, wanted);
  if (row === undefined) return undefined;
  const activity = db.prepare(`SELECT ${ACTIVITY_COLUMNS} FROM activities WHERE decision = ?`).get(
    Number(row.id),
  );
  try {
    return {
      id: Number(row.id),
      time: Number(row.time),
      kas: row.kas as string | null,
      rules: Number(row.rules),
      message: row.message === null ? null : { id: String(row.message), received: Number(row.notified) },
      recommendation: JSON.parse(String(row.signal)),
      observation: JSON.parse(unpack(row.facts as Uint8Array)),
      decision: JSON.parse(String(row.decision)),
      activity: activity === undefined
        ? null
        : { ...toActivity(activity), steps: readSteps(db, Number(activity.id)) },
    };
  } catch (cause) {
    throw new Error(`Cannot read decision ${row.id}: its record is damaged (${(cause as Error).message})`, {
      cause,
    });
  }
}

function find(db: DatabaseSync, wanted: DecisionQuery): Row | undefined {
  if ("id" in wanted) return db.prepare("SELECT * FROM decisions WHERE id = ?").get(wanted.id);
  if ("after" in wanted) {
    return db.prepare("SELECT * FROM decisions WHERE id > ? ORDER BY id LIMIT 1").get(wanted.after);
  }
  if ("at" in wanted) {
    return db.prepare("SELECT * FROM decisions WHERE time <= ? ORDER BY time DESC, id DESC LIMIT 1")
      .get(wanted.at);
  }
  return db.prepare("SELECT * FROM decisions ORDER BY id DESC LIMIT 1").get();
}

/** The rules that bound a decision; none where nothing was asked, or where it is not on record. */
export function readRules(db: DatabaseSync, decision: number): readonly string[] {
  const row = db.prepare("SELECT json_extract(decision, '$.rules') AS rules FROM decisions WHERE id = ?")
    .get(decision);
  return row === undefined ? [] : JSON.parse(String(row.rules));
}

/** The steps of an activity in the order in which they were taken. */
export function readSteps(db: DatabaseSync, activity: number): Step[] {
  return db.prepare("SELECT * FROM steps WHERE activity = ? ORDER BY id").all(activity).map((row) => ({
    step: String(row.step),
    ...(row.instance === null ? {} : { instance: String(row.instance) }),
    began: Number(row.began),
    ...(row.ended === null ? {} : { ended: Number(row.ended) }),
    ...(row.failure === null ? {} : { failure: String(row.failure) }),
    ...(row.cause === null ? {} : { cause: { reason: String(row.cause), blame: row.blame === 1 } }),
  }));
}

/** An activity from its {@linkcode ACTIVITY_COLUMNS} columns. */
export function toActivity(row: Row): Activity {
  return {
    id: Number(row.id),
    kind: row.kind as Activity["kind"],
    ...(row.instance === null ? {} : { instance: String(row.instance) }),
    ...(row.template === null ? {} : { template: String(row.template) }),
    remaining: JSON.parse(String(row.remaining)),
    ...(row.message === null ? {} : { message: String(row.message) }),
    began: Number(row.began),
    ...(row.ended === null ? {} : { ended: Number(row.ended) }),
    status: row.state as ActivityStatus,
    reason: String(row.reason),
  };
}
