/**
 * Stores decisions. Each decision is stored with its trigger and observation, so that kas can make it again (R15, R16).
 *
 * @module
 */
import type { Trigger } from "../../scaling/model/trigger.ts";
import { FIRST_RULES, upcast } from "../../scaling/upcast.ts";
import { type Decision, RULES_VERSION } from "../../scaling/model/decision.ts";
import type { Observation, Unobserved } from "../../scaling/model/observation.ts";
import { VERSION } from "../../build/version.ts";
import { type Activity, readActivityOf } from "./activities.ts";
import { type Database, pack, type Row, unpack } from "./sqlite/database.ts";
import { readSteps, type Step } from "./steps.ts";

/** A decision to record. */
export interface NewDecision {
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The SNS message that triggered the decision, and when kas received the message. */
  readonly message?: { readonly id: string; readonly received: number };
  /** Whether kas records the decision without carrying it out. */
  readonly dryRun: boolean;
}

/** A decision in the journal. Times are in ms since the epoch. */
export interface DecisionRecord {
  readonly id: number;
  readonly time: number;
  /** The version of kas that made the decision. Null if it is not known. */
  readonly kas: string | null;
  /** The version of the rules that made the decision. */
  readonly rules: number;
  /** The SNS message that triggered the decision. */
  readonly message: { readonly id: string; readonly received: number } | null;
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The activity that carries the decision out. */
  readonly activity: (Activity & { readonly steps: readonly Step[] }) | null;
}

/**
 * Selects a record: the record with an id, the next record after an id, the last record at a time in ms since the epoch, or the
 * last record.
 */
export type DecisionQuery =
  | { readonly id: number }
  | { readonly after: number }
  | { readonly at: number }
  | { readonly last: true };

/** Records a decision. Returns its id. */
export function addDecision(
  db: Database,
  { trigger, observation, decision, message }: NewDecision,
): number {
  const { lastInsertRowid } = db.prepare(
    `INSERT INTO decisions
       (time, trigger_kind, message, received, kind, instance, reason, repeats, kas, rules, trigger_json, decision, observation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    observation.now,
    trigger.kind,
    message?.id ?? null,
    message?.received ?? null,
    decision.kind,
    "instance" in decision ? decision.instance : null,
    decision.reason,
    firstOfRun(db, trigger, decision),
    VERSION,
    RULES_VERSION,
    JSON.stringify(trigger),
    JSON.stringify(decision),
    pack(JSON.stringify(observation)),
  );
  return Number(lastInsertRowid);
}

/**
 * Returns the first of consecutive reconciles with the decision "none" and the same reason. Returns null if this reconcile is
 * the first.
 */
function firstOfRun(db: Database, trigger: Trigger, { kind, reason }: Decision): number | null {
  if (kind !== "none" || trigger.kind !== "reconcile") return null;
  const last = db.prepare(
    "SELECT id, repeats, kind, trigger_kind, reason FROM decisions ORDER BY id DESC LIMIT 1",
  )
    .get();
  return last?.kind === kind && last.trigger_kind === trigger.kind && last.reason === reason
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
      message: row.message === null ? null : { id: String(row.message), received: Number(row.received) },
      ...content(row),
      activity: activity === undefined ? null : { ...activity, steps: readSteps(db, activity.id) },
    };
  } catch (cause) {
    throw new Error(`Cannot read decision ${row.id}: its record is damaged (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** Parses the stored trigger, observation and decision. Converts a record of version 1 of the rules. */
function content(row: Row): Pick<DecisionRecord, "trigger" | "observation" | "decision" | "rules"> {
  const rules = Number(row.rules);
  const trigger = JSON.parse(String(row.trigger_json));
  const observation = JSON.parse(unpack(row.observation as Uint8Array));
  const decision = JSON.parse(String(row.decision));
  return rules === FIRST_RULES
    ? upcast({ signal: trigger, facts: observation, decision })
    : { trigger, observation, decision, rules };
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

/** The checks that held an action back. Empty if none did, or if the journal does not have the decision. */
export function readChecks(db: Database, id: number): readonly string[] {
  const row = db.prepare(
    "SELECT json_extract(decision, '$.checks') AS checks, rules FROM decisions WHERE id = ?",
  ).get(id);
  if (row === undefined) return [];
  if (row.rules === FIRST_RULES) return readRecord(db, { id })?.decision.checks ?? [];
  return JSON.parse(String(row.checks));
}
