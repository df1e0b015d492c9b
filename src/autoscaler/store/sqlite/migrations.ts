/**
 * Supports journals that an earlier version of kas wrote. An autoscaler migrates the tables. A command reads the tables without
 * changing them. scaling/records converts the JSON of decisions that earlier versions of the rules made.
 *
 * @module
 */
import { type Database, pack } from "./database.ts";
import {
  ALERTS,
  FLEET,
  OPERATOR_PAUSES,
  QUARANTINES,
  REFUSALS,
  SCHEMA,
  SCHEMA_VERSION,
  SINCE_12,
  SINCE_9,
  versionOf,
} from "./schema.ts";
import { RENAMED } from "../names.ts";

/** The oldest schema version that {@linkcode readAs} supports. */
const OLDEST_READABLE = 2;

/** Returns an SQL expression that converts the values of a column to the current names. */
function renamed(names: Readonly<Record<string, string>>, column: string): string {
  const cases = Object.entries(names).map(([old, name]) => `WHEN '${old}' THEN '${name}'`);
  return `CASE ${column} ${cases.join(" ")} ELSE ${column} END`;
}

/** A newer version of kas wrote the tables. */
export class NewerSchemaError extends Error {
  override readonly name = "NewerSchemaError";
  constructor(found: number) {
    super(`a newer kas wrote it (schema version ${found}; this kas supports up to ${SCHEMA_VERSION})`);
  }
}

/** Throws {@linkcode NewerSchemaError} if a newer version of kas wrote the tables. */
export function refuseNewer(db: Database): void {
  const found = versionOf(db);
  if (found > SCHEMA_VERSION) throw new NewerSchemaError(found);
}

/**
 * Creates the tables, or migrates those of an earlier version. A failed migration changes nothing.
 *
 * @throws {NewerSchemaError} if a newer version of kas wrote them
 */
export function migrate(db: Database): void {
  refuseNewer(db);
  const found = versionOf(db);
  if (found === SCHEMA_VERSION) return;
  // Switch foreign keys off: with foreign keys, dropping a table would delete the rows that refer to it.
  db.exec("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE");
  try {
    if (found === 0) db.exec(SCHEMA);
    else for (const step of STEPS.slice(found - 1)) step(db);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Creates temporary views, with which this version of kas can read the tables of an earlier version. Does not write to the
 * file, because an autoscaler of the earlier version may be using it.
 *
 * @throws {Error} if this version of kas cannot read the tables
 */
export function readAs(db: Database): void {
  refuseNewer(db);
  const found = versionOf(db);
  if (found === 0) throw new Error("it is not a journal of kas");
  if (found < OLDEST_READABLE) {
    throw new Error(`its schema version is ${found}; kas autoscaler migrates it when it starts`);
  }
  if (found === SCHEMA_VERSION) return;
  const { trigger, status, step } = RENAMED;
  db.exec(
    "CREATE TEMP VIEW minutes AS SELECT 0 AS at, 0.0 AS demand, 0.0 AS serving, '' AS source WHERE FALSE",
  );
  if (found >= 11) return;
  db.exec("CREATE TEMP VIEW fleet AS SELECT '' AS name WHERE FALSE");
  if (found >= 9) return;
  db.exec(
    `CREATE TEMP VIEW losses AS
       SELECT '' AS instance, '' AS zone, 0 AS at, 0 AS closed, NULL AS activity, 0 AS recovered, 0 AS possible
       WHERE FALSE`,
  );
  if (found < 7) {
    db.exec("CREATE TEMP VIEW quarantines AS SELECT '' AS instance, 0 AS since WHERE FALSE");
  }
  if (found >= 4) {
    db.exec(
      `CREATE TEMP VIEW activities AS
         SELECT *, ${TEMPLATE_8} AS template, NULL AS unhealthy FROM main.activities a`,
    );
  }
  if (found >= 5) return;
  if (found === 4) {
    db.exec("CREATE TEMP VIEW steps AS SELECT *, NULL AS fault FROM main.steps");
    return;
  }
  db.exec(`
    CREATE TEMP VIEW newest_changes AS
      SELECT alarm, changed, ${renamed(trigger, "source")} AS trigger_kind FROM main.newest;
    CREATE TEMP VIEW decisions AS
      SELECT id, time, ${
    renamed(trigger, "source")
  } AS trigger_kind, message, notified AS received, kind, instance, reason,
        repeats, kas, rules, signal AS trigger_json, decision, facts AS observation FROM main.decisions;
    CREATE TEMP VIEW activities AS
      SELECT id, decision, kind, instance, remaining, began, ended, ${
    renamed(status, "state")
  } AS status, reason, ${TEMPLATE_8} AS template, NULL AS unhealthy FROM main.activities a;
    CREATE TEMP VIEW steps AS
      SELECT id, activity, instance, ${
    renamed(step, "step")
  } AS step, began, ended, failure, cause, blame, NULL AS fault FROM main.steps`);
}

/** Version 6 records the refusals of EC2, and since when each instance has failed its health checks. */
function toVersion6(db: Database): void {
  db.exec(`CREATE TABLE failing (instance TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT; ${REFUSALS}`);
}

/** Version 7 records when kas first saw quarantines whose tags do not say when they end. */
function toVersion7(db: Database): void {
  db.exec(QUARANTINES);
}

/** Version 8 records the pauses that operators asked for. */
function toVersion8(db: Database): void {
  db.exec(OPERATOR_PAUSES);
}

/**
 * Version 9 records losses, the capacity that an operator asked for, and with an activity its launch template and whether it stops
 * an unhealthy instance. A decision may have several activities.
 */
function toVersion9(db: Database): void {
  db.exec(`${SINCE_9}
    ALTER TABLE failing ADD COLUMN served INTEGER;
    ALTER TABLE activities ADD COLUMN template TEXT;
    ALTER TABLE activities ADD COLUMN unhealthy INTEGER;
    CREATE INDEX activities_ended ON activities (ended);
    UPDATE activities AS a SET template = ${TEMPLATE_8} WHERE kind = 'launch'`);
}

/** Version 10 records the alerts that are firing. */
function toVersion10(db: Database): void {
  db.exec(ALERTS);
}

/** Version 11 records the name of the fleet. The fleet's autoscaler writes the name when it starts. */
function toVersion11(db: Database): void {
  db.exec(FLEET);
}

/** Version 12 records the load of the fleet, and what policies have learned from it. */
function toVersion12(db: Database): void {
  db.exec(SINCE_12);
}

/** The launch template of an activity up to version 8: it is in the JSON of the decision. */
const TEMPLATE_8 = `(SELECT json_extract(d.decision, '$.template') FROM decisions d
  WHERE d.id = a.decision AND json_valid(d.decision))`;

/** Version 5 records why starts failed. */
function toVersion5(db: Database): void {
  db.exec(`
    ALTER TABLE steps ADD COLUMN fault TEXT;
    CREATE INDEX steps_failed ON steps (began) WHERE fault IS NOT NULL;
    CREATE INDEX steps_ended ON steps (ended) WHERE step IN ('running', 'in-service')`);
}

/**
 * Version 4 has new names of columns, and new names in them. It keeps the JSON of decisions, which kas converts when it reads
 * it.
 */
function toVersion4(db: Database): void {
  db.exec(`
    ALTER TABLE newest RENAME TO newest_changes;
    ALTER TABLE newest_changes RENAME COLUMN source TO trigger_kind;
    ALTER TABLE decisions RENAME COLUMN source TO trigger_kind;
    ALTER TABLE decisions RENAME COLUMN notified TO received;
    ALTER TABLE decisions RENAME COLUMN signal TO trigger_json;
    ALTER TABLE decisions RENAME COLUMN facts TO observation;
    ALTER TABLE activities RENAME COLUMN state TO status;
    ALTER TABLE messages ADD COLUMN sent INTEGER;
    DROP INDEX activities_under_way;
    CREATE INDEX activities_in_progress ON activities (id) WHERE ended IS NULL;
    ${rename("newest_changes", "trigger_kind", RENAMED.trigger)}
    ${rename("decisions", "trigger_kind", RENAMED.trigger)}
    ${rename("activities", "status", RENAMED.status)}
    ${rename("steps", "step", RENAMED.step)}`);
}

/** Returns an SQL statement that replaces the old names in a column with the current names. */
function rename(table: string, column: string, names: Readonly<Record<string, string>>): string {
  const old = Object.keys(names).map((name) => `'${name}'`).join(", ");
  return `UPDATE ${table} SET ${column} = ${renamed(names, column)} WHERE ${column} IN (${old});`;
}

/** Version 3 records launches: the instance of an activity and of a step may be NULL. */
function toVersion3(db: Database): void {
  db.exec(`
    CREATE TEMP TABLE old_activities AS SELECT * FROM activities;
    CREATE TEMP TABLE old_steps AS SELECT * FROM steps;
    DROP TABLE steps; DROP TABLE activities; ${ACTIVITIES_3}
    INSERT INTO activities (id, decision, kind, instance, remaining, began, ended, state, reason)
      SELECT id, decision, kind, instance, remaining, began, ended, state, reason FROM old_activities;
    INSERT INTO steps (id, activity, instance, step, began, ended, failure, cause, blame)
      SELECT id, activity, instance, step, began, ended, failure, cause, blame FROM old_steps;
    DROP TABLE old_activities; DROP TABLE old_steps`);
}

/**
 * Migrates version 1 to version 2. Version 2 has one record for each reconcile, and compresses observations. Version 1 had one
 * record for consecutive equal reconciles; the migration keeps the record and loses the count. Version 1 did not record the
 * version of kas.
 */
function toVersion2(db: Database): void {
  // Replace the table instead of renaming it: SQLite would also rename the references to the table.
  db.exec(`CREATE TEMP TABLE old AS SELECT * FROM decisions; DROP TABLE decisions; ${DECISIONS_2}`);
  const insert = db.prepare(
    `INSERT INTO decisions (id, time, source, message, notified, kind, instance, reason, rules, signal, decision, facts)
     SELECT id, time, source, message, notified, kind, instance, reason, 1, signal, decision, ?
     FROM old WHERE id = ?`,
  );
  const ids = db.prepare("SELECT id FROM old ORDER BY id").all();
  const facts = db.prepare("SELECT facts FROM old WHERE id = ?");
  for (const { id } of ids) insert.run(pack(String(facts.get(Number(id))?.facts)), Number(id));
  db.exec(`DROP TABLE old;
    ALTER TABLE steps ADD COLUMN cause TEXT; ALTER TABLE steps ADD COLUMN blame INTEGER`);
}

/** The definition of the table `decisions` in schema versions 2 and 3. */
const DECISIONS_2 = `
  CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, source TEXT NOT NULL, message TEXT, notified INTEGER,
    kind TEXT NOT NULL, instance TEXT, reason TEXT NOT NULL, repeats INTEGER, kas TEXT, rules INTEGER NOT NULL,
    signal TEXT NOT NULL, decision TEXT NOT NULL, facts BLOB NOT NULL
  ) STRICT;
  CREATE INDEX decisions_kind ON decisions (kind, time);
  CREATE INDEX decisions_time ON decisions (time);
  CREATE INDEX decisions_first ON decisions (id) WHERE repeats IS NULL;
  CREATE INDEX decisions_repeats ON decisions (repeats, time) WHERE repeats IS NOT NULL;
`;

/** The definition of the table `activities` in schema version 3. */
const ACTIVITIES_3 = `
  CREATE TABLE activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT, decision INTEGER NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, instance TEXT, remaining TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER,
    state TEXT NOT NULL, reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX activities_under_way ON activities (id) WHERE ended IS NULL;
  CREATE INDEX activities_decision ON activities (decision);
  CREATE INDEX activities_kind ON activities (kind, state);
  CREATE TABLE steps (
    id INTEGER PRIMARY KEY, activity INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE, instance TEXT,
    step TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, failure TEXT, cause TEXT, blame INTEGER
  ) STRICT;
  CREATE INDEX steps_activity ON steps (activity);
`;

/** The migrations in order: the first one migrates version 1 to version 2. */
const STEPS = [
  toVersion2,
  toVersion3,
  toVersion4,
  toVersion5,
  toVersion6,
  toVersion7,
  toVersion8,
  toVersion9,
  toVersion10,
  toVersion11,
  toVersion12,
] as const;
