/**
 * The state folder: one SQLite database for the inbox and the journal, and a lock that keeps a second autoscaler out.
 *
 * A committed transaction survives the process. It survives a power failure once {@linkcode Store.synced} has resolved. The autoscaler
 * waits for that before it answers a message (R12) and before it asks AWS for a change (R13). What a power failure loses beyond
 * that had no effect yet, or the next observation finds it again. One autoscaler at a time writes `kas.db`; any process may read it.
 *
 * @module
 */
import { realRuntime } from "../../runtime.ts";
import type { Hint } from "../../cli/command_line.ts";
import { UnusableError } from "../unusable.ts";
import { checkIntegrity, Database, isDamaged } from "./database.ts";
import { migrate, NewerSchemaError, readAs, refuseNewer } from "./migrations.ts";

/** The parts of the runtime that the store uses. */
export interface StoreRuntime {
  /** Resolves once everything that was written to a file is on the disk. */
  readonly sync?: (file: Deno.FsFile) => Promise<void>;
  /** Opens the database. Tests pass a database that fails in the middle of its work. */
  readonly openDatabase?: (path: string) => Database;
}

/** The open files of a folder beside the database. */
interface Files {
  readonly lock: Deno.FsFile;
  /** SQLite's write-ahead log, which kas syncs to disk. */
  readonly log: Deno.FsFile;
}

/** An opened state folder. */
export class Store implements Disposable {
  readonly #files: Files | undefined;
  readonly #syncFile: (file: Deno.FsFile) => Promise<void>;
  /** The last sync that began, and the sync that will follow. */
  #syncing: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  /** Whether a sync is running or the last sync failed. */
  #unsynced = false;

  private constructor(readonly db: Database, files?: Files, sync = realRuntime.sync) {
    this.#files = files;
    this.#syncFile = sync;
  }

  /**
   * Opens a folder for this process alone. Creates what is missing, and migrates a journal of an earlier version.
   *
   * @throws {UnusableError} if another autoscaler uses the folder, or it cannot be used
   */
  static open(folder: string, { sync, openDatabase = open }: StoreRuntime = {}): Store {
    let lock: Deno.FsFile | undefined;
    let db: Database | undefined;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      lock = Deno.openSync(`${folder}/kas.lock`, { create: true, write: true, mode: 0o600 });
      if (!lock.tryLockSync(true)) {
        throw new Error("another autoscaler is using it");
      }
      const path = `${folder}/kas.db`;
      // An existing folder may be readable by everyone, so create the database with a safe mode. SQLite gives its other files
      // the same mode.
      Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
      db = openDatabase(path);
      // Check the schema version before anything is written to the database.
      checkIntegrity(db);
      refuseNewer(db);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      migrate(db);
      db.exec("PRAGMA foreign_keys = ON");
      return new Store(db, { lock, log: openLog(folder) }, sync);
    } catch (cause) {
      db?.close();
      lock?.close();
      throw unusable(folder, cause as Error);
    }
  }

  /** A store in memory, for one evaluation on behalf of an operator. */
  static memory(): Store {
    const db = new Database(":memory:");
    migrate(db);
    db.exec("PRAGMA foreign_keys = ON");
    return new Store(db);
  }

  /**
   * Opens a folder, or a database file, to read. An autoscaler may be using it.
   *
   * @throws {UnusableError} if there is no journal, or none that this version can read
   */
  static read(folder: string): Store {
    const path = isFile(folder) ? folder : `${folder}/kas.db`;
    let db: Database | undefined;
    try {
      db = new Database(path, { readOnly: true });
      readAs(db);
      return new Store(db);
    } catch (cause) {
      db?.close();
      throw new UnusableError(
        `Cannot read journal ${path}: ${(cause as Error).message}`,
        cause instanceof NewerSchemaError ? UPGRADE : "--state DIR or --url URL",
        { cause },
      );
    }
  }

  /** Runs a transaction. If `work` throws, the transaction has no effect. */
  transaction<T>(work: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      // On a full disk SQLite may have already rolled the transaction back.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Resolves when everything that was committed before the call is on disk. The sync blocks no other work. Calls during a sync
   * share the next sync.
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
    if (this.#files !== undefined) await this.#syncFile(this.#files.log);
    this.#unsynced = false;
  }

  /**
   * Copies the log into the database, and syncs that. After a failed sync a second one proves nothing: Linux marks pages that it could
   * not write as clean. Source: fsync(2), "Errors"; wiki.postgresql.org/wiki/Fsync_Errors.
   */
  #rewrite(): void {
    const { busy } = this.db.prepare("PRAGMA wal_checkpoint(FULL)").get() ?? {};
    if (busy !== 0) throw new Error("cannot copy the log into kas.db: another process is reading it");
  }

  /** The size of the database without free pages, in bytes. */
  size(): number {
    const pragma = (name: string) => Number(Object.values(this.db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  [Symbol.dispose](): void {
    this.db.close();
    this.#files?.log.close();
    // Unlock explicitly: a child process that is starting may hold a copy of the file, and with it the lock (flock(2)).
    this.#files?.lock.unlockSync();
    this.#files?.lock.close();
  }
}

/** The hint for a journal that a newer version of kas wrote. */
const UPGRADE = "upgrade kas, or choose another folder: --state DIR";

function unusable(folder: string, cause: Error): UnusableError {
  const { message } = cause;
  const [what, hint]: readonly [string, Hint] = isDamaged(cause)
    // Move the whole folder: a new database must not find the write-ahead log of the damaged database.
    ? [`kas.db: ${message}`, ["mv", folder, `${folder}.damaged`]]
    : cause instanceof NewerSchemaError
    ? [`kas.db: ${message}`, UPGRADE]
    : [message, "--state DIR"];
  return new UnusableError(`Cannot use state folder ${folder}: ${what}`, hint, { cause });
}

/**
 * Opens the write-ahead log of a database that has been read, and syncs its name in the folder: syncing the log does not. Closing the
 * log releases no lock of SQLite's, as closing `kas.db` would. Source: sqlite.org/howtocorrupt.html, 2.2.
 */
function openLog(folder: string): Deno.FsFile {
  const log = Deno.openSync(`${folder}/kas.db-wal`);
  using names = Deno.openSync(folder);
  names.syncSync();
  return log;
}

function open(path: string): Database {
  return new Database(path);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Ignore this error: opening the database reports why it cannot be read.
    return false;
  }
}
