/**
 * The tables of `kas.db`. Times are in ms since the epoch.
 *
 * @module
 */
import type { Database } from "./database.ts";

/** The version of the tables. The database file stores the version as its `user_version`. */
export const SCHEMA_VERSION = 12;

const FAILING = `
  CREATE TABLE failing (             -- the instances that are registered and not healthy
    instance  TEXT PRIMARY KEY,
    since     INTEGER NOT NULL,
    served    INTEGER                -- 1: it has been in service since its start
  ) STRICT;
`;

/** A table that schema version 6 added. */
export const REFUSALS = `
  CREATE TABLE refusals (            -- the instances that EC2 refuses to stop or to terminate
    instance  TEXT NOT NULL,
    action    TEXT NOT NULL,         -- stop or terminate
    reason    TEXT NOT NULL,
    since     INTEGER NOT NULL,
    checked   INTEGER NOT NULL,      -- when kas last asked EC2 whether it still refuses
    protected INTEGER NOT NULL,      -- 1: an attribute of the instance protects it
    PRIMARY KEY (instance, action)
  ) STRICT;
`;

/** The table that schema version 7 added. */
export const QUARANTINES = `
  CREATE TABLE quarantines (         -- when kas first saw a quarantine whose tag has no end
    instance  TEXT PRIMARY KEY,
    since     INTEGER NOT NULL
  ) STRICT;
`;

/** The table that schema version 8 added. */
export const OPERATOR_PAUSES = `
  CREATE TABLE operator_pauses (     -- the directions of scaling that an operator paused
    direction TEXT PRIMARY KEY,      -- out or in
    since     INTEGER NOT NULL,
    until     INTEGER,               -- NULL: until an operator resumes the scaling
    reason    TEXT
  ) STRICT;
`;

/** The tables that schema version 9 added. */
export const SINCE_9 = `
  CREATE TABLE losses (              -- the instances that left service although nobody took them out of service
    instance  TEXT PRIMARY KEY,
    zone      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    closed    INTEGER NOT NULL,      -- 1: kas does not start an instance in its place any more
    activity  INTEGER,               -- the activity that starts an instance in its place
    recovered INTEGER NOT NULL,      -- 1: it serves again, although kas has started another one in its place
    possible  INTEGER NOT NULL       -- for how long a start has been possible since the loss, or a stop since the recovery, in ms
  ) STRICT;

  CREATE TABLE override (            -- the capacity that an operator asked for: at most one row
    capacity  INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    once      INTEGER NOT NULL       -- 1: it ends when the fleet has the capacity
  ) STRICT;
`;

/** The table that schema version 10 added. */
export const ALERTS = `
  CREATE TABLE alerts (              -- the alerts that are firing
    name      TEXT PRIMARY KEY,
    reason    TEXT NOT NULL,
    since     INTEGER NOT NULL       -- when the condition became true
  ) STRICT;
`;

/** The table that schema version 11 added. */
export const FLEET = `
  CREATE TABLE fleet (               -- the fleet whose journal this is: at most one row
    name      TEXT NOT NULL
  ) STRICT;
`;

/** The tables that schema version 12 added. */
export const SINCE_12 = `
  CREATE TABLE minutes (             -- the load of the fleet
    at        INTEGER PRIMARY KEY,   -- when the minute began
    demand    REAL NOT NULL,         -- how many instances the load would keep at 100 %
    serving   REAL NOT NULL,         -- the mean number of instances in service
    source    TEXT NOT NULL          -- scrape or cloudwatch
  ) STRICT;

  CREATE TABLE learned (             -- what policies have learned from the load
    policy    TEXT PRIMARY KEY,
    state     BLOB NOT NULL
  ) STRICT;
`;

/** Creates the tables of {@linkcode SCHEMA_VERSION}. */
export const SCHEMA = `
  CREATE TABLE messages (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,  -- SNS's MessageId
    kind      TEXT NOT NULL,
    body      TEXT,                  -- NULL once processed: a subscription's token is secret
    received  INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    due       INTEGER NOT NULL,      -- kas processes the message not before this time
    done      INTEGER,               -- when kas processed the message
    sent      INTEGER                -- SNS's Timestamp of a notification
  ) STRICT;
  CREATE INDEX messages_waiting ON messages (due) WHERE done IS NULL;

  CREATE TABLE newest_changes (      -- the newest processed change of each alarm (R11)
    alarm        TEXT PRIMARY KEY,
    changed      INTEGER NOT NULL,
    trigger_kind TEXT NOT NULL
  ) STRICT;

  -- The large column is the last column, so that SQLite reads it only if a query selects it.
  CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    time         INTEGER NOT NULL,
    trigger_kind TEXT NOT NULL,
    message      TEXT,               -- SNS's MessageId
    received     INTEGER,            -- when kas received the message
    kind         TEXT NOT NULL,
    instance     TEXT,
    reason       TEXT NOT NULL,
    repeats      INTEGER,            -- the id of the first of consecutive reconciles with no action and the same reason
    kas          TEXT,               -- the version of kas that made the decision
    rules        INTEGER NOT NULL,   -- the version of the rules that made the decision
    trigger_json TEXT NOT NULL,      -- JSON (R16)
    decision     TEXT NOT NULL,      -- JSON
    observation  BLOB NOT NULL       -- JSON, compressed
  ) STRICT;
  CREATE INDEX decisions_kind ON decisions (kind, time);
  CREATE INDEX decisions_time ON decisions (time);
  CREATE INDEX decisions_first ON decisions (id) WHERE repeats IS NULL;
  CREATE INDEX decisions_repeats ON decisions (repeats, time) WHERE repeats IS NOT NULL;

  CREATE TABLE activities (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    decision  INTEGER NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    instance  TEXT,                  -- the instance that it starts or stops; NULL while EC2 has not answered a launch
    remaining TEXT NOT NULL,         -- JSON: the candidates that the activity has not tried
    began     INTEGER NOT NULL,
    ended     INTEGER,
    status    TEXT NOT NULL,
    reason    TEXT NOT NULL,
    template  TEXT,                  -- the launch template of a launch
    unhealthy INTEGER                -- 1: the activity stops an unhealthy instance
  ) STRICT;
  CREATE INDEX activities_in_progress ON activities (id) WHERE ended IS NULL;
  CREATE INDEX activities_ended ON activities (ended);
  CREATE INDEX activities_decision ON activities (decision);
  CREATE INDEX activities_kind ON activities (kind, status);

  CREATE TABLE steps (               -- kas writes a step before it begins and after it has ended
    id        INTEGER PRIMARY KEY,
    activity  INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    instance  TEXT,
    step      TEXT NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER,
    failure   TEXT,
    cause     TEXT,                  -- why kas rolls the activity back; only for rollback steps
    blame     INTEGER,               -- 1: kas quarantines the instance
    fault     TEXT                   -- the fault (R18) because of which a start failed
  ) STRICT;
  CREATE INDEX steps_activity ON steps (activity);
  CREATE INDEX steps_failed ON steps (began) WHERE fault IS NOT NULL;
  CREATE INDEX steps_ended ON steps (ended) WHERE step IN ('running', 'in-service');

  CREATE TABLE in_service (
    instance  TEXT PRIMARY KEY,
    since     INTEGER                -- NULL: the last observation showed it out of service
  ) STRICT;
${FAILING}${REFUSALS}${QUARANTINES}${OPERATOR_PAUSES}${SINCE_9}${ALERTS}${FLEET}${SINCE_12}`;

/** Returns the schema version of an open database. 0 for a new file. */
export function versionOf(db: Database): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}
