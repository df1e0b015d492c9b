/**
 * The state folder: one SQLite database for the inbox and the journal, and a lock that keeps a second autoscaler out.
 *
 * A committed transaction survives the process. It survives a power failure once {@linkcode Store.synced} has resolved. The
 * autoscaler waits for that before it answers a message (R12) and before it asks AWS for a change (R13). What a power failure
 * loses beyond that had no effect yet, or the next observation finds it again. One autoscaler at a time writes `kas.db`; any
 * process may read it.
 *
 * @module
 */
import { realRuntime } from "../../runtime.ts";
import type { Hint } from "../../cli/command_line.ts";
import { UnusableError } from "../unusable.ts";
import { AccessError, checkReadAccess } from "./folder/access.ts";
import { StateFolder } from "./folder/state_folder.ts";
import { checkIntegrity, Database, isDamaged } from "./sqlite/database.ts";
import { migrate, NewerSchemaError, readAs, refuseNewer } from "./sqlite/migrations.ts";

/** The parts of the runtime that the store uses. */
export interface StoreRuntime {
  /** Resolves once everything that was written to a file is on the disk. */
  readonly sync?: (file: Deno.FsFile) => Promise<void>;
  /** Opens the database. Tests pass a database that fails in the middle of its work. */
  readonly openDatabase?: (path: string) => Database;
}

/** The open files beside the database. */
interface Files {
  readonly folder: StateFolder;
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
   * @throws {UnusableError} if another autoscaler uses the folder, if other users can change it, or if it cannot be used
   */
  static open(folder: string, { sync, openDatabase = open }: StoreRuntime = {}): Store {
    let state: StateFolder | undefined;
    let db: Database | undefined;
    try {
      state = StateFolder.open(folder);
      db = openDatabase(`${folder}/kas.db`);
      // Check the schema version before anything is written to the database.
      checkIntegrity(db);
      refuseNewer(db);
      // Overwrite deleted content: the inbox contains secrets.
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
      migrate(db);
      db.exec("PRAGMA foreign_keys = ON");
      return new Store(db, { folder: state, log: state.openLog() }, sync);
    } catch (cause) {
      db?.close();
      state?.[Symbol.dispose]();
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
   * Opens a folder, or a database file, to read. An autoscaler may be using it. A file may come from anywhere: its content is not
   * trusted, and the access to it is not checked.
   *
   * @throws {UnusableError} if there is no journal, none that this version can read, or one in a folder that others can change
   */
  static read(folder: string): Store {
    const alone = isFile(folder);
    const path = alone ? folder : `${folder}/kas.db`;
    let db: Database | undefined;
    try {
      if (!alone && exists(folder)) checkReadAccess(folder);
      db = new Database(path, { readOnly: true });
      readAs(db);
      return new Store(db);
    } catch (cause) {
      db?.close();
      throw new UnusableError(
        `Cannot read journal ${path}: ${(cause as Error).message}`,
        cause instanceof AccessError
          ? cause.hint
          : cause instanceof NewerSchemaError
          ? UPGRADE
          : "--state DIR or --url URL",
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
   * Resolves when everything that was committed before the call is on disk, at the path of the state folder. The sync blocks no
   * other work. Calls during a sync share the next sync.
   *
   * @throws {UnusableError} as {@linkcode checkPlace}
   */
  synced(): Promise<void> {
    return this.#following ??= (async () => {
      await this.#syncing?.catch(() => {});
      this.#following = undefined;
      this.#syncing = this.#sync();
      await this.#syncing;
    })();
  }

  /**
   * Checks that the state folder and its database are still at their paths.
   *
   * @throws {UnusableError} if they are not. Then another autoscaler can use the same paths, and nothing that this one writes can
   * be found again
   */
  checkPlace(): void {
    try {
      this.#files?.folder.check();
    } catch (cause) {
      throw new UnusableError(
        `Cannot use state folder ${this.#files?.folder.path} any longer: ${(cause as Error).message}`,
        "start kas autoscaler again",
        { cause },
      );
    }
  }

  async #sync(): Promise<void> {
    this.checkPlace();
    if (this.#unsynced) this.#rewrite();
    this.#unsynced = true;
    if (this.#files !== undefined) await this.#syncFile(this.#files.log);
    this.#unsynced = false;
  }

  /**
   * Copies the log into the database, and syncs that. After a failed sync a second one proves nothing: Linux marks pages that
   * it could not write as clean. Source: fsync(2), "Errors"; wiki.postgresql.org/wiki/Fsync_Errors.
   */
  #rewrite(): void {
    if (!this.#checkpoint("FULL")) {
      throw new Error("cannot copy the log into kas.db: another process is reading it");
    }
  }

  /**
   * Erases what was deleted or overwritten from the files of the folder. The database itself overwrites it; its earlier pages
   * are in the log, which this method empties. Returns false if another process is reading the database: try again later.
   */
  erase(): boolean {
    return this.#checkpoint("TRUNCATE");
  }

  /** Copies the log into the database. Returns false if another process is reading. */
  #checkpoint(mode: "FULL" | "TRUNCATE"): boolean {
    return this.db.prepare(`PRAGMA wal_checkpoint(${mode})`).get()?.busy === 0;
  }

  /** The size of the database without free pages, in bytes. */
  size(): number {
    const pragma = (name: string) => Number(Object.values(this.db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  [Symbol.dispose](): void {
    this.db.close();
    this.#files?.folder[Symbol.dispose]();
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
    : [message, cause instanceof AccessError ? cause.hint : "--state DIR"];
  return new UnusableError(`Cannot use state folder ${folder}: ${what}`, hint, { cause });
}

function open(path: string): Database {
  return new Database(path);
}

function isFile(path: string): boolean {
  return kindOf(path)?.isFile ?? false;
}

function exists(path: string): boolean {
  return kindOf(path) !== undefined;
}

function kindOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    // Ignore this error: opening the database reports why it cannot be read.
    return undefined;
  }
}
