/**
 * Decisions: each is stored with all that it takes to make it again (R15, R16).
 *
 * @module
 */
import type { Recommendation } from "../../scaling/model/alarm.ts";
import { type Decision, RULES } from "../../scaling/decide.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { VERSION } from "../../build/version.ts";
import { type Activity, readActivityOf } from "./activities.ts";
import { type Database, pack, type Row, unpack } from "./database.ts";
import { triggerKind } from "./history.ts";
import { readSteps, type Step } from "./steps.ts";

/** A decision to record. */
export interface NewDecision {
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
  /** The SNS message that triggered it, and when that was received. */
  readonly message?: { readonly id: string; readonly received: number };
  /** Record the decision, but carry nothing out. */
  readonly dryRun: boolean;
}

/** A decision as the journal has it. Times are ms since the epoch. */
export interface DecisionRecord {
  readonly id: number;
  readonly time: number;
  /** The version of kas that decided. null if it is not known. */
  readonly kas: string | null;
  /** The version of the rules that decided. */
  readonly rules: number;
  /** The SNS message that triggered it. */
  readonly message: { readonly id: string; readonly received: number } | null;
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
  /** The activity that carries it out. */
  readonly activity: (Activity & { readonly steps: readonly Step[] }) | null;
}

/** Selects a record: by id, the next after an id, the last one at a time (ms since the epoch), or the last one. */
export type DecisionQuery =
  | { readonly id: number }
  | { readonly after: number }
  | { readonly at: number }
  | { readonly last: true };

/** Records a decision. Returns its id. */
export function addDecision(
  db: Database,
  { recommendation, observation, decision, message }: NewDecision,
): number {
  const { lastInsertRowid } = db.prepare(
    `INSERT INTO decisions
       (time, trigger_kind, message, received, kind, instance, reason, repeats, kas, rules, trigger_json, decision, observation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    observation.now,
    triggerKind(recommendation),
    message?.id ?? null,
    message?.received ?? null,
    decision.kind,
    "instance" in decision ? decision.instance : null,
    decision.reason,
    firstOfRun(db, recommendation, decision),
    VERSION,
    RULES,
    JSON.stringify(recommendation),
    JSON.stringify(decision),
    pack(JSON.stringify(observation)),
  );
  return Number(lastInsertRowid);
}

/** The first of the reconciles in a row that came to the same "none" with the same reason. null if this one begins a run. */
function firstOfRun(db: Database, recommendation: Recommendation, { kind, reason }: Decision): number | null {
  const trigger = triggerKind(recommendation);
  if (kind !== "none" || trigger !== "reconcile") return null;
  const last = db.prepare(
    "SELECT id, repeats, kind, trigger_kind, reason FROM decisions ORDER BY id DESC LIMIT 1",
  )
    .get();
  return last?.kind === kind && last.trigger_kind === trigger && last.reason === reason
    ? Number(last.repeats ?? last.id)
    : null;
}

/**
 * Reads one record.
 *
 * @throws {Error} if the record is damaged
 */
export function readRecord(db: Database, query: DecisionQuery): DecisionRecord | undefined {
  const row = find(db, query);
  if (row === undefined) return undefined;
  const activity = readActivityOf(db, Number(row.id));
  try {
    return {
      id: Number(row.id),
      time: Number(row.time),
      kas: row.kas as string | null,
      rules: Number(row.rules),
      message: row.message === null ? null : { id: String(row.message), received: Number(row.received) },
      recommendation: JSON.parse(String(row.trigger_json)),
      observation: upcast(JSON.parse(unpack(row.observation as Uint8Array))),
      decision: JSON.parse(String(row.decision)),
      activity: activity === undefined ? null : { ...activity, steps: readSteps(db, activity.id) },
    };
  } catch (cause) {
    throw new Error(`Cannot read decision ${row.id}: its record is damaged (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** An observation as versions up to 3 of the schema stored it. */
function upcast({ underWay, ...rest }: Observation & { underWay?: Observation["inProgress"] }): Observation {
  return underWay === undefined ? rest : { ...rest, inProgress: underWay };
}

function find(db: Database, query: DecisionQuery): Row | undefined {
  if ("id" in query) return db.prepare("SELECT * FROM decisions WHERE id = ?").get(query.id);
  if ("after" in query) {
    return db.prepare("SELECT * FROM decisions WHERE id > ? ORDER BY id LIMIT 1").get(query.after);
  }
  if ("at" in query) {
    return db.prepare("SELECT * FROM decisions WHERE time <= ? ORDER BY time DESC, id DESC LIMIT 1")
      .get(query.at);
  }
  return db.prepare("SELECT * FROM decisions ORDER BY id DESC LIMIT 1").get();
}

/** The checks that decided a decision. Empty if nothing was recommended, or if the journal does not have it. */
export function readChecks(db: Database, decision: number): readonly string[] {
  const row = db.prepare("SELECT json_extract(decision, '$.rules') AS rules FROM decisions WHERE id = ?")
    .get(decision);
  return row === undefined ? [] : JSON.parse(String(row.rules));
}
