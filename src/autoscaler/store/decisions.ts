/**
 * Stores decisions. kas stores each decision with its trigger and observation, so that it can make the decision again (R15, R16).
 *
 * @module
 */
import type { Trigger } from "../../scaling/model/trigger.ts";
import { isRecorded, type Recorded } from "../../scaling/replay.ts";
import { fromVersion1, RULES_VERSION_1 } from "../../scaling/records/version_1.ts";
import { fromVersion7, RULES_VERSION_7 } from "../../scaling/records/version_7.ts";
import { fromVersion6, RULES_VERSION_6 } from "../../scaling/records/version_6.ts";
import { type Decision, instanceOf, kindOf, RULES_VERSION } from "../../scaling/model/decision.ts";
import type { Observation, Unobserved } from "../../scaling/model/observation.ts";
import { VERSION } from "../../build/version.ts";
import { type Activity, readActivitiesOf } from "./activities.ts";
import { type Database, pack, unpack } from "./sqlite/database.ts";
import { DamagedRowError, integer, orNull, type Row, text, texts, time } from "./sqlite/rows.ts";
import { readSteps, type Step } from "./steps.ts";

/** A decision to record. */
export interface NewDecision {
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The SNS message that triggered the decision, and when kas received the message. */
  readonly message?: { readonly id: string; readonly received: number };
  /** If true, kas records the decision, but does not carry it out. */
  readonly dryRun: boolean;
}

/** A decision in the journal. Times are in ms since the epoch. */
export interface DecisionRecord {
  readonly id: number;
  readonly time: number;
  /** The version of kas that made the decision. Null if the version is unknown. */
  readonly kas: string | null;
  /** The version of the rules that made the decision. */
  readonly rules: number;
  /** The SNS message that triggered the decision. */
  readonly message: { readonly id: string; readonly received: number } | null;
  readonly trigger: Trigger;
  readonly observation: Observation | Unobserved;
  readonly decision: Decision;
  /** The activities that carry the decision out, in the order of its actions. */
  readonly activities: readonly (Activity & { readonly steps: readonly Step[] })[];
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
    kindOf(decision),
    instanceOf(decision.actions[0]) ?? null,
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
 * If the last decisions are reconciles with no action and the same reason as this one, returns the id of the first of them.
 * Otherwise returns null.
 */
function firstOfRun(db: Database, trigger: Trigger, decision: Decision): number | null {
  const { reason } = decision;
  const kind = kindOf(decision);
  if (kind !== "none" || trigger.kind !== "reconcile") return null;
  const last = db.prepare(
    "SELECT coalesce(repeats, id) AS first, kind, trigger_kind, reason FROM decisions ORDER BY id DESC LIMIT 1",
  ).get();
  return last?.kind === kind && last.trigger_kind === trigger.kind && last.reason === reason &&
      typeof last.first === "number"
    ? last.first
    : null;
}

/**
 * Reads one record. If the record is damaged, reads the next record that is not damaged, except for a query by id.
 *
 * @throws {DamagedRowError} if the record that a query by id selects is damaged
 */
export function readRecord(db: Database, query: DecisionQuery): DecisionRecord | undefined {
  let row = find(db, query);
  while (row !== undefined) {
    try {
      return toRecord(db, row);
    } catch (error) {
      db.reportDamage(`decision ${row.id}`, error);
      if ("id" in query) {
        const { message } = error as DamagedRowError;
        throw new DamagedRowError(`Cannot read decision ${row.id}: its record is damaged (${message})`);
      }
      row = neighbour(db, query, row);
    }
  }
  return undefined;
}

function toRecord(db: Database, row: Row): DecisionRecord {
  const id = integer(row, "id");
  const message = orNull(row, "message", text);
  return {
    id,
    time: time(row, "time"),
    kas: orNull(row, "kas", text),
    message: message === null ? null : { id: message, received: time(row, "received") },
    ...content(row),
    activities: readActivitiesOf(db, id).map((it) => ({ ...it, steps: readSteps(db, it.id) })),
  };
}

/**
 * Parses the stored trigger, observation and decision. Converts a record of an earlier version of the rules.
 *
 * @throws {DamagedRowError} if their JSON is not valid, or does not have the form of a record
 */
function content(row: Row): Recorded {
  const rules = integer(row, "rules");
  let recorded: Recorded;
  try {
    const trigger = JSON.parse(text(row, "trigger_json"));
    const observation = JSON.parse(unpack(row.observation as Uint8Array));
    const decision = JSON.parse(text(row, "decision"));
    recorded = rules === RULES_VERSION_1 ? fromVersion1({ signal: trigger, facts: observation, decision }) : {
      trigger,
      observation: rules <= RULES_VERSION_7 ? fromVersion7(observation) : observation,
      decision: rules <= RULES_VERSION_6 ? fromVersion6(decision) : decision,
      rules,
    };
  } catch (cause) {
    throw new DamagedRowError((cause as Error).message, { cause });
  }
  if (!isRecorded(recorded)) throw new DamagedRowError("its JSON is not that of a decision");
  return recorded;
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

/** Returns the record that follows a damaged record in the order of a query. */
function neighbour(db: Database, query: DecisionQuery, { id }: Row): Row | undefined {
  const sql = "after" in query
    ? "SELECT * FROM decisions WHERE id > ? ORDER BY id LIMIT 1"
    : "SELECT * FROM decisions WHERE id < ? ORDER BY id DESC LIMIT 1";
  return db.prepare(sql).get(id as number | bigint);
}

/**
 * Returns the checks that held an action back. Returns none if no check did, if the journal lacks the decision, or if its row
 * is damaged.
 */
export function readChecks(db: Database, id: number): readonly string[] {
  const row = db.prepare(
    "SELECT id, iif(json_valid(decision), json_extract(decision, '$.checks'), decision) AS checks, rules FROM decisions WHERE id = ?",
  ).get(id);
  if (row === undefined) return [];
  try {
    return row.rules === RULES_VERSION_1
      ? readRecord(db, { id })?.decision.checks ?? []
      : texts(row, "checks");
  } catch (error) {
    db.reportDamage(`decision ${id}`, error);
    return [];
  }
}
