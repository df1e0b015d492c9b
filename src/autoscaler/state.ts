/**
 * The state folder: one SQLite database for the inbox and the journal, and the lock that keeps a second autoscaler out.
 *
 * A commit is on disk when it returns (WAL with synchronous=FULL), which is what lets the handler answer 200 (R12) and
 * what a restart after a crash goes by (R13). `kas.db` is opened by one autoscaler at a time, and read by whoever likes.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { ExitError } from "../cli/command.ts";

/** The version of {@linkcode SCHEMA}, kept in the file as its user_version. */
const VERSION = 1;

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

  CREATE TABLE decisions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    time      INTEGER NOT NULL,
    source    TEXT NOT NULL,
    message   TEXT,
    notified  INTEGER,               -- when that message was received
    kind      TEXT NOT NULL,
    instance  TEXT,
    reason    TEXT NOT NULL,
    signal    TEXT NOT NULL,         -- JSON, as are the next two (R16)
    facts     TEXT NOT NULL,
    decision  TEXT NOT NULL,
    times     INTEGER NOT NULL DEFAULT 1,  -- how many resyncs in a row came to it, to the word
    last      INTEGER NOT NULL             -- the last of them
  ) STRICT;
  CREATE INDEX decisions_kind ON decisions (kind, time);

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

  CREATE TABLE steps (               -- written before a step is taken, and again after it
    id        INTEGER PRIMARY KEY,
    activity  INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    instance  TEXT NOT NULL,
    step      TEXT NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER,
    failure   TEXT
  ) STRICT;
  CREATE INDEX steps_activity ON steps (activity);

  CREATE TABLE in_service (
    instance  TEXT PRIMARY KEY,
    since     INTEGER                -- NULL: was seen out of service
  ) STRICT;
`;

/** The opened state folder. */
export class State implements Disposable {
  readonly #lock: Deno.FsFile | undefined;

  private constructor(readonly db: DatabaseSync, lock?: Deno.FsFile) {
    this.#lock = lock;
  }

  /**
   * Opens a folder, creating what is missing in it, for this process alone.
   *
   * @throws {ExitError} if another autoscaler has it, or it can't be written
   */
  static open(folder: string): State {
    let lock: Deno.FsFile | undefined;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      lock = Deno.openSync(`${folder}/kas.lock`, { create: true, write: true });
      if (!lock.tryLockSync(true)) {
        throw new ExitError(
          `Cannot use state folder ${folder}: another autoscaler is using it`,
          1,
          "--state DIR",
        );
      }
      const db = new DatabaseSync(`${folder}/kas.db`);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
      migrate(db, folder);
      return new State(db, lock);
    } catch (cause) {
      lock?.close();
      if (cause instanceof ExitError) throw cause;
      throw new ExitError(
        `Cannot use state folder ${folder}: ${(cause as Error).message}`,
        1,
        "--state DIR",
        { cause },
      );
    }
  }

  /** A state that is forgotten with the process: for one step by hand. */
  static memory(): State {
    const db = new DatabaseSync(":memory:");
    db.exec("PRAGMA foreign_keys = ON");
    migrate(db, "in memory");
    return new State(db);
  }

  /**
   * Opens a folder to read, also while an autoscaler is using it.
   *
   * @throws {ExitError} if there is no journal of this version
   */
  static read(folder: string): State {
    const path = `${folder}/kas.db`;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path, { readOnly: true });
      if (version(db) !== VERSION) throw new Error(`its schema is version ${version(db)}, not ${VERSION}`);
      return new State(db);
    } catch (cause) {
      db?.close();
      throw new ExitError(
        `Cannot read journal ${path}: ${(cause as Error).message}`,
        1,
        "--state DIR or --url URL",
        { cause },
      );
    }
  }

  /** Carries out all of it or, if it throws, nothing. */
  transaction<T>(work: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Bytes in use, free pages of the file not counted. */
  size(): number {
    const pragma = (name: string) => Number(Object.values(this.db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  [Symbol.dispose](): void {
    this.db.close();
    this.#lock?.close();
  }
}

function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}

function migrate(db: DatabaseSync, folder: string): void {
  const found = version(db);
  if (found === VERSION) return;
  if (found !== 0) {
    throw new ExitError(
      `Cannot use state folder ${folder}: its schema is version ${found}, this kas knows ${VERSION}`,
    );
  }
  db.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
}
