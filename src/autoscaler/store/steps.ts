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
  /** Absent while EC2 has not answered a launch. */
  readonly instance?: string;
  readonly began: number;
  readonly ended?: number;
  /** Why the step failed. */
  readonly failure?: string;
  /** The cause of the failure. Set only for a step that repairs the result of a failure. */
  readonly cause?: Cause;
}

/** Why an activity drops an instance. */
export interface Cause {
  readonly reason: string;
  /** Whether kas quarantines the instance. */
  readonly quarantine: boolean;
  /** What the fault model remembers of the failure. Absent if the failure pauses nothing. */
  readonly fault?: Fault | undefined;
}

/** Options of carrying out a step. */
export interface StepRun<T> {
  /** The time in ms since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** The cause of the failure. Set only for a step that repairs the result of a failure. */
  readonly cause?: Cause | undefined;
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

/** A step that was carried out: its row in the database, and its result. */
export interface TakenStep<T> {
  readonly id: number;
  readonly result: T;
}

/**
 * Carries out a step and records its beginning and its failure. The caller records the success with {@linkcode endStep}. An
 * aborted step stays open, and the next run of the activity resumes the step.
 */
export async function takeStep<T>(
  store: Store,
  step: PlannedStep,
  { now, signal, cause, take }: StepRun<T>,
): Promise<TakenStep<T>> {
  const id = store.transaction(() => beginStep(store.db, step, now(), cause));
  // Start the disk sync while the request is prepared. The request to AWS waits for the sync, and fails if the sync fails.
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

/** Records that a step began, or finds the open step that an earlier run left. Returns the row id of the step. */
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

/** The steps of an activity whose rows are not damaged, in the order in which they began. */
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

/** How far back the fault model looks, ms: far enough that failures after the longest pause still count as one row. */
const MEMORY = 3 * 3_600_000;

/** How many events the fault model looks at. Pauses keep failures rare, so that only a very large fleet has more. */
const MOST = 200;

const EVENTS = `
  SELECT fault AS what, began AS at, instance, cause, blame, id FROM steps
    WHERE fault IS NOT NULL AND began BETWEEN ?1 AND ?2
  UNION ALL
  SELECT step, ended, instance, NULL, NULL, id FROM steps
    WHERE step IN ('running', 'in-service') AND failure IS NULL AND ended BETWEEN ?1 AND ?2
  ORDER BY at DESC, id DESC LIMIT ?3`;

/** The recent starts since the first one that failed, in order. Empty if none failed. */
export function recentStarts(db: Database, now: number): StartEvent[] {
  // If the clock was set back, the last events are in the future.
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
