/**
 * A state folder that one process uses alone.
 *
 * @module
 */
import { checkAccess } from "./access.ts";

// The modes of the folder and of its files. kas sets them whatever the umask is.
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** A file or folder that is open, and its path. */
interface Opened {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly info: Deno.FileInfo;
}

/**
 * A folder that this process has locked. The lock is on the folder itself, because somebody can delete a lock file. The
 * disposal unlocks the folder.
 */
export class StateFolder implements Disposable {
  /** The folder, its lock file, its database and the database's log. */
  readonly #opened: Opened[] = [];

  private constructor(readonly path: string) {}

  /**
   * Creates the folder if it is missing, and locks it.
   *
   * @throws {AccessError} if other users can change the folder
   * @throws {Error} if another autoscaler uses the folder, or if kas cannot use it
   */
  static lock(path: string): StateFolder {
    createFolder(path);
    checkAccess(path);
    using opening = new DisposableStack();
    const folder = opening.use(new StateFolder(path));
    lock(folder.#open(path));
    createFile(`${path}/kas.lock`);
    // kas up to version 0.1.0 locks only this file.
    lock(folder.#open(`${path}/kas.lock`, { write: true }));
    // Another process may have deleted the folder before it was locked.
    folder.check();
    opening.move();
    return folder;
  }

  /** Creates the file of the database if it is missing, and opens it. Returns its path. */
  openDatabaseFile(): string {
    const path = `${this.path}/kas.db`;
    createFile(path);
    this.#open(path);
    return path;
  }

  /**
   * Opens the write-ahead log of the database. SQLite creates the log when it first reads the database. Also syncs the
   * folder, so that the name of the log is on disk: a sync of the log does not do that. Closing the log releases no lock of
   * SQLite, but closing `kas.db` would. Source: sqlite.org/howtocorrupt.html, 2.2.
   */
  openLog(): Deno.FsFile {
    const log = this.#open(`${this.path}/kas.db-wal`);
    this.#opened[0]?.file.syncSync();
    return log;
  }

  #open(path: string, options?: Deno.OpenOptions): Deno.FsFile {
    const file = Deno.openSync(path, options);
    this.#opened.push({ path, file, info: file.statSync() });
    return file;
  }

  /**
   * Checks that the paths still lead to the folder and the files that this process has opened.
   *
   * @throws {Error} if somebody deleted, moved or replaced one. Another autoscaler could then use a folder at the same path
   */
  check(): void {
    for (const { path, info } of this.#opened) {
      const { dev, ino } = statOf(path) ?? {};
      if (dev !== info.dev || ino !== info.ino) {
        throw new Error(`${path} was deleted or replaced while this autoscaler was using it`);
      }
    }
  }

  /** Unlocks the folder. First close the database in SQLite: closing a file of the database here also releases SQLite's locks. */
  [Symbol.dispose](): void {
    for (const { file } of this.#opened.splice(0)) {
      // Unlock explicitly: a child process that is starting may have a copy of the open file, which keeps the lock (flock(2)).
      file.unlockSync();
      file.close();
    }
  }
}

function lock(file: Deno.FsFile): void {
  if (!file.tryLockSync(true)) throw new Error("another autoscaler is using it");
}

/** Creates a folder and the folders above it if they do not exist. */
function createFolder(path: string): void {
  if (statOf(path) !== undefined) return;
  const parent = path.replace(/\/+[^/]+\/*$/, "");
  if (parent !== path && parent !== "") createFolder(parent);
  try {
    Deno.mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  Deno.chmodSync(path, FOLDER_MODE);
}

/** Creates an empty file if it does not exist. SQLite gives the other files of the database the same mode as the database. */
function createFile(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: FILE_MODE }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  Deno.chmodSync(path, FILE_MODE);
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
