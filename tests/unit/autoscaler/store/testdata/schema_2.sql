-- The tables as version 2 made them.
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
CREATE TABLE activities (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    decision  INTEGER NOT NULL REFERENCES decisions (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL,
    instance  TEXT NOT NULL,         -- the one it is at, of its candidates
    remaining TEXT NOT NULL,         -- JSON: the candidates it has not turned to
    began     INTEGER NOT NULL,
    ended     INTEGER,
    state     TEXT NOT NULL,
    reason    TEXT NOT NULL
  ) STRICT;
CREATE INDEX activities_under_way ON activities (id) WHERE ended IS NULL;
CREATE INDEX activities_decision ON activities (decision);
CREATE TABLE steps (               -- written before a step is taken, and again after it
    id        INTEGER PRIMARY KEY,
    activity  INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    instance  TEXT NOT NULL,
    step      TEXT NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER,
    failure   TEXT,
    cause     TEXT,                  -- why it has to be taken, of one that sets right what went wrong
    blame     INTEGER                -- 1: the instance is at fault
  ) STRICT;
CREATE INDEX steps_activity ON steps (activity);
CREATE TABLE in_service (
    instance  TEXT PRIMARY KEY,
    since     INTEGER                -- NULL: was seen out of service
  ) STRICT;
PRAGMA user_version = 2;
