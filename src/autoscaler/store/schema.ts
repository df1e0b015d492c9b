/**
 * The tables of `kas.db`, and how a file of an earlier version is brought up to them.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { pack } from "./database.ts";

/** The version of the tables, kept in the file as its user_version. */
export const VERSION = 3;

// A record of a decision is never shared: a run of resyncs that come to the same is told by `repeats`. Its facts stand last,
// where a query for anything else does not read them.
const DECISIONS = `
  CREATE TABLE decisions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    time      INTEGER NOT NULL,
    source    TEXT NOT NULL,
    message   TEXT,
    notified  INTEGER,               -- when that message was received
    kind      TEXT NOT NULL,
    instance  TEXT,
    reason    TEXT NOT NULL,
    repeats   INTEGER,               -- of resyncs in a row that came to the same "none": the id of the first of them
    kas       TEXT,                  -- the version of kas that made it
    rules     INTEGER NOT NULL,      -- the version of its rules
    signal    TEXT NOT NULL,         -- JSON (R16)
    decision  TEXT NOT NULL,         -- JSON
    facts     BLOB NOT NULL          -- JSON, deflated
  ) STRICT;
  CREATE INDEX decisions_kind ON decisions (kind, time);
  CREATE INDEX decisions_time ON decisions (time);
  CREATE INDEX decisions_first ON decisions (id) WHERE repeats IS NULL;
  CREATE INDEX decisions_repeats ON decisions (repeats, time) WHERE repeats IS NOT NULL;
`;

// Nobody knows the instance of a launch before EC2 has answered it.
const ACTIVITIES = `
  CREATE TABLE activities (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    decision  INTEGER NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    instance  TEXT,                  -- the one it is at, of its candidates
    remaining TEXT NOT NULL,         -- JSON: the candidates it has not turned to
    began     INTEGER NOT NULL,
    ended     INTEGER,
    state     TEXT NOT NULL,
    reason    TEXT NOT NULL
  ) STRICT;
  CREATE INDEX activities_under_way ON activities (id) WHERE ended IS NULL;
  CREATE INDEX activities_decision ON activities (decision);
  CREATE INDEX activities_kind ON activities (kind, state);

  CREATE TABLE steps (               -- written before a step is taken, and again after it
    id        INTEGER PRIMARY KEY,
    activity  INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    instance  TEXT,
    step      TEXT NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER,
    failure   TEXT,
    cause     TEXT,                  -- why it has to be taken, of one that sets right what went wrong
    blame     INTEGER                -- 1: the instance is at fault
  ) STRICT;
  CREATE INDEX steps_activity ON steps (activity);
`;

// Times are ms since the epoch throughout.
const SCHEMA = `
  CREATE TABLE messages (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,  -- SNS's MessageId
    kind      TEXT NOT NULL,
    body      TEXT,                  -- NULL once done: a Token is kept no longer than it is needed
    received  INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    due       INTEGER NOT NULL,      -- not to be tried before
    done      INTEGER
  ) STRICT;
  CREATE INDEX messages_waiting ON messages (due) WHERE done IS NULL;

  CREATE TABLE newest (              -- the newest change of each alarm that was processed (R11)
    alarm     TEXT PRIMARY KEY,
    changed   INTEGER NOT NULL,
    source    TEXT NOT NULL
  ) STRICT;
  ${DECISIONS}
  ${ACTIVITIES}
  CREATE TABLE in_service (
    instance  TEXT PRIMARY KEY,
    since     INTEGER                -- NULL: was seen out of service
  ) STRICT;
`;

/** The version of an opened file's tables; 0 for a new file. */
export function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}

/**
 * Makes the tables, or brings those of an earlier version up to date, all of it or nothing.
 *
 * @throws {Error} for a version that is not known here
 */
export function migrate(db: DatabaseSync): void {
  const found = version(db);
  if (found === VERSION) return;
  if (found > VERSION) {
    throw new Error(`its schema is version ${found}, this kas knows ${VERSION}`);
  }
  // Dropping a table whose rows others refer to would take those along.
  db.exec("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE");
  try {
    if (found === 0) db.exec(SCHEMA);
    if (found === 1) fromFirst(db);
    if (found === 1 || found === 2) fromSecond(db);
    db.exec(`PRAGMA user_version = ${VERSION}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/**
 * From version 1, where resyncs in a row that came to the same shared the record of the first: that record is kept, how many
 * shared it is not. Its facts were JSON as it is, and which kas had made it was not said.
 */
function fromFirst(db: DatabaseSync): void {
  // A table that others refer to by its name is replaced, not renamed: their references would be renamed too.
  db.exec(`CREATE TEMP TABLE first AS SELECT * FROM decisions; DROP TABLE decisions; ${DECISIONS}`);
  const insert = db.prepare(
    `INSERT INTO decisions (id, time, source, message, notified, kind, instance, reason, rules, signal, decision, facts)
     SELECT id, time, source, message, notified, kind, instance, reason, 1, signal, decision, ?
     FROM first WHERE id = ?`,
  );
  const ids = db.prepare("SELECT id FROM first ORDER BY id").all();
  const facts = db.prepare("SELECT facts FROM first WHERE id = ?");
  for (const { id } of ids) insert.run(pack(String(facts.get(Number(id))?.facts)), Number(id));
  db.exec(`DROP TABLE first;
    ALTER TABLE steps ADD COLUMN cause TEXT; ALTER TABLE steps ADD COLUMN blame INTEGER`);
}

/** From version 2, whose kas knew of no launch: every activity and every step had its instance. */
function fromSecond(db: DatabaseSync): void {
  db.exec(`
    CREATE TEMP TABLE second_activities AS SELECT * FROM activities;
    CREATE TEMP TABLE second_steps AS SELECT * FROM steps;
    DROP TABLE steps; DROP TABLE activities; ${ACTIVITIES}
    INSERT INTO activities (id, decision, kind, instance, remaining, began, ended, state, reason)
      SELECT id, decision, kind, instance, remaining, began, ended, state, reason FROM second_activities;
    INSERT INTO steps (id, activity, instance, step, began, ended, failure, cause, blame)
      SELECT id, activity, instance, step, began, ended, failure, cause, blame FROM second_steps;
    DROP TABLE second_activities; DROP TABLE second_steps`);
}
