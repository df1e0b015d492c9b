/**
 * The state folder: one SQLite database for the inbox and the journal, and the lock that keeps a second autoscaler out.
 *
 * A commit outlives the process, and is in the order of all others. Before the outer world is told or made to do something all that
 * was committed is on disk as well ({@linkcode Store.synced}): that lets the handler answer 200 (R12), and is what a restart goes
 * by (R13). What a power failure may take beyond it had come to nothing yet, or is found again in the world. `kas.db` is opened
 * by one autoscaler at a time, and read by whoever likes.
 *
 * @module
 */
import { ExitError } from "../../cli/command.ts";
import { Database } from "./database.ts";
import { migrate, VERSION, version } from "./schema.ts";

/** What is open of a folder beside the database. */
interface Files {
  readonly lock: Deno.FsFile;
  /** SQLite's write-ahead log, to be synced. */
  readonly log: Deno.FsFile;
}

/** The opened state folder. */
export class Store implements Disposable {
  readonly #files: Files | undefined;
  /** The sync that was begun last, and the one that is to follow it. */
  #syncing: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  /** A sync has been begun and not come to its end: it is under way, or has failed. */
  #unsynced = false;

  private constructor(readonly db: Database, files?: Files) {
    this.#files = files;
  }

  /**
   * Opens a folder, creating what is missing in it, for this process alone.
   *
   * @throws {ExitError} if another autoscaler has it, or it can't be written
   */
  static open(folder: string): Store {
    let lock: Deno.FsFile | undefined;
    let db: Database | undefined;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      lock = Deno.openSync(`${folder}/kas.lock`, { create: true, write: true, mode: 0o600 });
      if (!lock.tryLockSync(true)) {
        throw new ExitError(
          `Cannot use state folder ${folder}: another autoscaler is using it`,
          1,
          "--state DIR",
        );
      }
      const path = `${folder}/kas.db`;
      // A folder that was there may be open to all. SQLite gives its other files the mode of this one.
      Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
      db = new Database(path);
      check(db);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      migrate(db);
      db.exec("PRAGMA foreign_keys = ON");
      return new Store(db, { lock, log: logOf(folder) });
    } catch (cause) {
      db?.close();
      lock?.close();
      if (cause instanceof ExitError) throw cause;
      const { message } = cause as Error;
      const [what, hint] = isDamaged(cause)
        // All of the folder: a new database must not find the write-ahead log of this one.
        ? [`kas.db: ${message}`, `mv ${folder} ${folder}.damaged`]
        : [message, "--state DIR"];
      throw new ExitError(`Cannot use state folder ${folder}: ${what}`, 1, hint, { cause });
    }
  }

  /** A state that is forgotten with the process: for one step by hand. */
  static memory(): Store {
    const db = new Database(":memory:");
    migrate(db);
    db.exec("PRAGMA foreign_keys = ON");
    return new Store(db);
  }

  /**
   * Opens a folder, or the database in one, to read, also while an autoscaler is using it.
   *
   * @throws {ExitError} if there is no journal of this version
   */
  static read(folder: string): Store {
    const path = isFile(folder) ? folder : `${folder}/kas.db`;
    let db: Database | undefined;
    try {
      db = new Database(path, { readOnly: true });
      if (version(db) !== VERSION) throw new Error(`its schema is version ${version(db)}, not ${VERSION}`);
      return new Store(db);
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

  /**
   * Resolves once all that was committed before is on disk. Nothing is held up in the meantime, and those who ask during a sync
   * share the next one.
   */
  synced(): Promise<void> {
    return this.#following ??= (async () => {
      await this.#syncing?.catch(() => {});
      this.#following = undefined;
      this.#syncing = this.#sync();
      await this.#syncing;
    })();
  }

  async #sync(): Promise<void> {
    if (this.#unsynced) this.#rewrite();
    this.#unsynced = true;
    await this.#files?.log.syncData();
    this.#unsynced = false;
  }

  /**
   * Writes what is in the log to the database, and syncs that. Of a sync that failed the next one says nothing: Linux takes what it
   * could not write for written. Source: fsync(2), "Errors"; wiki.postgresql.org/wiki/Fsync_Errors.
   */
  #rewrite(): void {
    const { busy } = this.db.prepare("PRAGMA wal_checkpoint(FULL)").get() ?? {};
    if (busy !== 0) throw new Error("the log can't be written to kas.db: somebody is reading that");
  }

  /** Bytes in use, free pages of the file not counted. */
  size(): number {
    const pragma = (name: string) => Number(Object.values(this.db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  [Symbol.dispose](): void {
    this.db.close();
    this.#files?.log.close();
    // Closing alone leaves it locked as long as a process that is just being started has its copy of the file (flock(2)).
    this.#files?.lock.unlockSync();
    this.#files?.lock.close();
  }
}

/**
 * Opens the log of the database in a folder, which is there once the database was read. Its own syncs do not take its name to
 * disk, so the folder's does. SQLite holds no lock on it that closing it would let go of, as is the case with `kas.db` (source:
 * sqlite.org/howtocorrupt.html, 2.2).
 */
function logOf(folder: string): Deno.FsFile {
  const log = Deno.openSync(`${folder}/kas.db-wal`);
  using names = Deno.openSync(folder);
  names.syncSync();
  return log;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Opening it says why it can't be read.
    return false;
  }
}

/** SQLite's result codes for a file that is damaged, or is no database. Source: sqlite.org/rescode.html. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** Looks a database through before it is written to: damage is to be told at the start, and 200 MiB take 0.1 s. */
function check(db: Database): void {
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found === "ok") return;
  // SQLite's findings fill several lines.
  const message = `the database is damaged: ${String(found).replaceAll(/\s+/g, " ")}`;
  throw Object.assign(new Error(message), { errcode: CORRUPT });
}

function isDamaged(error: unknown): boolean {
  return error instanceof Error && "errcode" in error &&
    (error.errcode === CORRUPT || error.errcode === NOT_A_DATABASE);
}
