/**
 * Stores the steps of activities. kas records a step before the step begins, and again when the step ends (R13).
 *
 * @module
 */
import { type Fault, FAULTS, type StartEvent } from "../../scaling/model/start_event.ts";
import type { Database } from "./sqlite/database.ts";
import { oneOf, optional, type Row, text, time } from "./sqlite/rows.ts";
import { type StepName, STEPS } from "./names.ts";
import type { Store } from "./store.ts";

/** One stage of an activity. Times are in ms since the epoch. */
export interface Step {
  readonly step: StepName;
  /** The id of the instance. Absent while EC2 has not answered a launch. */
  readonly instance?: string;
  readonly began: number;
  readonly ended?: number;
  /** Why the step failed. */
  readonly failure?: string;
  /** Why kas rolls the activity back. Set only for the rollback steps `rolled-back` and `re-registered`. */
  readonly cause?: Cause;
}

/** Why kas rolls back what an activity did to an instance. */
export interface Cause {
  readonly reason: string;
  /** Whether kas quarantines the instance. */
  readonly quarantine: boolean;
  /** The fault that caused the failure (R18). Absent if the failure causes no pause. */
  readonly fault?: Fault | undefined;
}

/** How to carry out a step. */
export interface StepRun<T> {
  /** Returns the present time in ms since the epoch. */
  readonly now: () => number;
  /** If it aborts, the step stays open in the journal. */
  readonly signal: AbortSignal;
  /** Why kas rolls the activity back. Set only for the rollback steps `rolled-back` and `re-registered`. */
  readonly cause?: Cause | undefined;
  /** Carries out the step. */
  readonly take: () => Promise<T>;
}

/** A step that has not begun. */
export interface PlannedStep {
  /** The activity's id. */
  readonly activity: number;
  /** The id of the instance. Null while EC2 has not answered a launch. */
  readonly instance: string | null;
  readonly step: StepName;
}

/** A step that kas has carried out: the id of its row in the database, and its result. */
export interface TakenStep<T> {
  readonly id: number;
  readonly result: T;
}

/**
 * Carries out a step. Records its beginning and its failure. The caller records its success with {@linkcode endStep}. If the
 * signal aborts, the step stays open, and kas resumes it when it resumes the activity.
 */
export async function takeStep<T>(
  store: Store,
  step: PlannedStep,
  { now, signal, cause, take }: StepRun<T>,
): Promise<TakenStep<T>> {
  const id = store.transaction(() => beginStep(store.db, step, now(), cause));
  // Begin to sync the disk now. The next request to AWS that changes something waits until the sync has succeeded.
  store.synced().catch(() => {});
  try {
    return { id, result: await take() };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) {
      store.db.prepare("UPDATE steps SET ended = ?, failure = ? WHERE id = ?").run(now(), failure, id);
    }
    throw error;
  }
}

/** Records that a step began, unless the step is still open since before a restart. Returns the id of the row of the step. */
export function beginStep(
  db: Database,
  { activity, instance, step }: PlannedStep,
  now: number,
  cause?: Cause,
): number {
  const open = db.prepare(
    "SELECT id FROM steps WHERE activity = ? AND instance IS ? AND step = ? AND ended IS NULL",
  ).get(activity, instance, step);
  if (open !== undefined) return Number(open.id);
  const { lastInsertRowid } = db.prepare(
    "INSERT INTO steps (activity, instance, step, began, cause, blame, fault) VALUES (?, ?, ?, ?, ?, ?, ?)",
  ).run(
    activity,
    instance,
    step,
    now,
    cause?.reason ?? null,
    cause === undefined ? null : Number(cause.quarantine),
    cause?.fault ?? null,
  );
  return Number(lastInsertRowid);
}

/** Records that a step ended successfully. */
export function endStep(db: Database, id: number, now: number): void {
  db.prepare("UPDATE steps SET ended = ? WHERE id = ?").run(now, id);
}

/** Records a step that the autoscaler observed without carrying it out. */
export function addStep(
  db: Database,
  activity: number,
  { step, instance, began, ended }: Required<Omit<Step, "failure" | "cause">>,
): void {
  db.prepare("INSERT INTO steps (activity, instance, step, began, ended) VALUES (?, ?, ?, ?, ?)")
    .run(activity, instance, step, began, ended);
}

/** Returns the steps of an activity, in the order in which they began. Skips damaged rows. */
export function readSteps(db: Database, activity: number): Step[] {
  const rows = db.prepare("SELECT * FROM steps WHERE activity = ? ORDER BY id").all(activity);
  return db.readAll(rows, name, (row) => ({
    step: oneOf(row, "step", STEPS),
    ...optional("instance", row, text),
    began: time(row, "began"),
    ...optional("ended", row, time),
    ...optional("failure", row, text),
    ...(row.cause === null ? {} : { cause: causeOf(row) }),
  }));
}

const name = (row: Row) => `step ${row.id}`;

function causeOf(row: Row): Cause {
  return {
    reason: text(row, "cause"),
    quarantine: row.blame === 1,
    ...optional("fault", row, toFault),
  };
}

function toFault(row: Row, column: string): Fault {
  return oneOf(row, column, FAULTS);
}

/**
 * The age up to which kas counts failed starts, in ms. It is much longer than the longest pause, so that failures after long
 * pauses still count as failures in a row.
 */
const MEMORY = 3 * 3_600_000;

/** The largest number of starts that an observation contains. Because of the pauses, only a very large fleet has more. */
const MOST = 200;

const EVENTS = `
  SELECT fault AS what, began AS at, instance, cause, blame, id FROM steps
    WHERE fault IS NOT NULL AND began BETWEEN ?1 AND ?2
  UNION ALL
  SELECT step, ended, instance, NULL, NULL, id FROM steps
    WHERE step IN ('running', 'in-service') AND failure IS NULL AND ended BETWEEN ?1 AND ?2
  ORDER BY at DESC, id DESC LIMIT ?3`;

/** Returns the recent successes and failures of starts since the first failure, in order. Empty if no start failed. */
export function recentStarts(db: Database, now: number): StartEvent[] {
  // After somebody has set the clock back, the last events may be in the future.
  const since = db.prepare(
    "SELECT min(began) AS first FROM steps WHERE fault IS NOT NULL AND began BETWEEN ? AND ?",
  )
    .get(now - MEMORY, now + MEMORY)?.first;
  if (typeof since !== "number") return [];
  return db.readAll(db.prepare(EVENTS).all(since, now + MEMORY, MOST), name, toEvent).toReversed();
}

function toEvent(row: Row): StartEvent {
  const event = { at: time(row, "at"), instance: text(row, "instance") };
  if (row.cause === null) return { what: oneOf(row, "what", ["running", "in-service"]), ...event };
  return {
    what: oneOf(row, "what", FAULTS),
    ...event,
    reason: text(row, "cause"),
    ...(row.blame === 1 ? { quarantined: true } : {}),
  };
}

/** A start that kas cancelled. */
export interface CancelledStart {
  /** When kas began to register the instance, in ms since the epoch. Absent if kas cancelled the start before. */
  readonly registered?: number;
}

/** Returns the last start of an instance, if kas cancelled it. */
export function cancelledStart(db: Database, instance: string): CancelledStart | undefined {
  const row = db.prepare(
    `SELECT a.status, (SELECT max(s.began) FROM steps s WHERE s.activity = a.id AND s.instance = a.instance AND s.step = 'registered') AS registered
     FROM activities a WHERE a.kind IN ('start', 'launch') AND a.instance = ? ORDER BY a.id DESC LIMIT 1`,
  ).get(instance);
  if (row?.status !== "cancelled") return undefined;
  return typeof row.registered === "number" ? { registered: row.registered } : {};
}

/**
 * Returns the longest time from the start or the launch of an instance until the instance was in service, in the last 20 of them,
 * in ms. Returns undefined if there are none.
 */
export function longestStart(db: Database): number | undefined {
  const row = db.prepare(
    `SELECT max(took) AS longest FROM (
      SELECT s.ended - max(b.began) AS took FROM steps s
      JOIN steps b ON b.activity = s.activity AND b.instance = s.instance AND b.step IN ('started', 'launched')
      WHERE s.step = 'in-service' AND s.ended IS NOT NULL AND s.failure IS NULL
      GROUP BY s.id ORDER BY s.id DESC LIMIT 20)`,
  ).get();
  return typeof row?.longest === "number" ? Math.max(0, row.longest) : undefined;
}
