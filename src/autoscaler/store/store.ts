/**
 * The state folder. It contains one SQLite database for the inbox and the journal. A lock prevents a second autoscaler from
 * using the folder. The data of a committed transaction is safe if the process crashes. It is safe after a power failure only
 * when {@linkcode Store.synced} has resolved. The autoscaler waits for that before it answers a message (R12) and before it
 * sends AWS a request that changes something (R13). Other data that a power failure loses had no effect yet, or the next
 * observation contains it again. One autoscaler at a time writes `kas.db`. Any process may read it.
 *
 * @module
 */
import { realRuntime } from "../../runtime.ts";
import type { Hint } from "../../cli/command_line.ts";
import { UnusableError } from "./folder/unusable.ts";
import { AccessError, checkReadAccess } from "./folder/access.ts";
import { StateFolder } from "./folder/state_folder.ts";
import { checkIntegrity, Database, isDamaged } from "./sqlite/database.ts";
import { migrate, NewerSchemaError, readAs, refuseNewer } from "./sqlite/migrations.ts";

/** The parts of the runtime that the store uses. */
export interface StoreRuntime {
  /** Resolves when everything that was written to a file is on the disk. */
  readonly sync?: (file: Deno.FsFile) => Promise<void>;
  /** Opens the database. Tests pass a database that fails in the middle of its work. */
  readonly openDatabase?: (path: string) => Database;
}

/** The open files beside the database. */
interface Files {
  readonly folder: StateFolder;
  /** SQLite's write-ahead log, which kas syncs to disk. */
  readonly log: Deno.FsFile;
  /** The folder, if the store unlocks it at the end. */
  readonly owned: StateFolder | undefined;
}

/** An opened state folder. */
export class Store implements Disposable {
  readonly #files: Files | undefined;
  readonly #syncFile: (file: Deno.FsFile) => Promise<void>;
  /** The last sync that has begun. */
  #syncing: Promise<void> | undefined;
  /** The sync that begins when the last sync has ended. */
  #following: Promise<void> | undefined;
  /** Whether a sync is running or the last sync failed. */
  #unsynced = false;

  private constructor(readonly db: Database, files?: Files, sync = realRuntime.sync) {
    this.#files = files;
    this.#syncFile = sync;
  }

  /**
   * Opens a folder for this process alone. Creates missing files, and migrates a journal of an earlier version.
   *
   * @param place the path of the folder, or a folder that the caller has locked and unlocks later
   * @throws {UnusableError} if another autoscaler uses the folder, if other users can change it, or if kas cannot use it
   */
  static open(place: string | StateFolder, { sync, openDatabase = open }: StoreRuntime = {}): Store {
    const folder = typeof place === "string" ? place : place.path;
    let owned: StateFolder | undefined;
    let db: Database | undefined;
    try {
      const state = typeof place === "string" ? owned = StateFolder.lock(place) : place;
      db = openDatabase(state.openDatabaseFile());
      // Check the schema version before anything is written to the database.
      checkIntegrity(db);
      refuseNewer(db);
      // Overwrite deleted content: the inbox contains secrets.
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
      migrate(db);
      db.exec("PRAGMA foreign_keys = ON");
      return new Store(db, { folder: state, log: state.openLog(), owned }, sync);
    } catch (cause) {
      db?.close();
      owned?.[Symbol.dispose]();
      throw unusable(folder, cause as Error);
    }
  }

  /** Creates a store in memory. `kas admin scale` uses it for its one evaluation. */
  static memory(): Store {
    const db = new Database(":memory:");
    migrate(db);
    db.exec("PRAGMA foreign_keys = ON");
    return new Store(db);
  }

  /**
   * Opens a folder, or a database file, for reading. An autoscaler may be using it. A database file may come from another
   * machine: kas does not trust its content, and does not check who can change it.
   *
   * @throws {UnusableError} if there is no journal, if this version of kas cannot read it, or if other users can change the folder
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
      // If the disk is full, SQLite may have already rolled the transaction back.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  /**
   * Resolves when everything that was committed before the call is on disk, at the path of the state folder. Other work continues
   * meanwhile. All calls during a sync share the next sync.
   *
   * @throws {UnusableError} if {@linkcode checkPlace} does
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
   * @throws {UnusableError} if they are not. Another autoscaler could then use the same paths, and later processes would not
   * find what this process writes
   */
  checkPlace(): void {
    if (this.#files !== undefined) checkPlace(this.#files.folder);
  }

  async #sync(): Promise<void> {
    this.checkPlace();
    if (this.#unsynced) this.#rewrite();
    this.#unsynced = true;
    if (this.#files !== undefined) await this.#syncFile(this.#files.log);
    this.#unsynced = false;
  }

  /**
   * Copies the log into the database, and syncs the database. After a failed sync, another sync of the log may succeed
   * although data is lost, because Linux marks pages that it could not write as clean. Source: fsync(2), "Errors";
   * wiki.postgresql.org/wiki/Fsync_Errors.
   */
  #rewrite(): void {
    if (!this.#checkpoint("FULL")) {
      throw new Error("cannot copy the log into kas.db: another process is reading it");
    }
  }

  /**
   * Erases deleted and overwritten data from the files of the folder. SQLite has already overwritten it in the database. This
   * method empties the log, which still contains the earlier pages. Returns false if another process is reading the database.
   * Call the method again later in this case.
   */
  erase(): boolean {
    return this.#checkpoint("TRUNCATE");
  }

  /** Copies the log into the database. Returns false if another process is reading the database. */
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
    this.#files?.owned?.[Symbol.dispose]();
  }
}

/**
 * Checks that a folder and its files are still at their paths.
 *
 * @throws {UnusableError} if they are not
 */
export function checkPlace(folder: StateFolder): void {
  try {
    folder.check();
  } catch (cause) {
    throw new UnusableError(
      `Cannot use state folder ${folder.path} any longer: ${(cause as Error).message}`,
      "start kas autoscaler again",
      { cause },
    );
  }
}

/** The hint for a journal that a newer version of kas wrote. */
const UPGRADE = "upgrade kas, or choose another folder: --state DIR";

/** Returns the error that a command reports if kas cannot use a state folder. */
export function unusable(folder: string, cause: Error): UnusableError {
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
    // Ignore this error: SQLite reports it when it opens the database.
    return undefined;
  }
}
