/**
 * Checks who can change a state folder. Whoever can write to its files can forge decisions and messages, or hold their locks.
 *
 * The check covers the folder itself, after symbolic links, and each entry in it. It does not cover the folders above: a user
 * who can write there can move the state folder away, but can only replace it with a folder that the check refuses.
 *
 * @module
 */
import type { CommandLine } from "../../../cli/command_line.ts";

/** The bits of a mode that let the group and others write. A POSIX access control list shows its mask as the group's bits. */
const OTHERS_WRITE = 0o022;

/** The files that kas and SQLite open. SQLite adds -wal, -shm and -journal to the name of the database. */
const OPENED = /^kas\.(?:lock|db(?:-[a-z]+)?)$/;

/** Other users can change a state folder. */
export class AccessError extends Error {
  override readonly name = "AccessError";
  /** @param hint the command that corrects the access */
  constructor(message: string, readonly hint: CommandLine) {
    super(message);
  }
}

/** A folder or a file in it. */
interface Entry {
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/**
 * Checks that root and the process's user are the only ones who can change a state folder.
 *
 * @throws {AccessError} if another user owns or can write the folder or a file in it, or if a file of kas is not a regular file
 */
export function checkAccess(folder: string): void {
  check(folder, [Deno.uid() ?? 0]);
}

/**
 * Checks that root and the folder's owner are the only ones who can change a state folder. An operator may read the folder of a
 * service.
 *
 * @throws {AccessError} as {@linkcode checkAccess}
 */
export function checkReadAccess(folder: string): void {
  check(folder, [Deno.statSync(folder).uid ?? 0, Deno.uid() ?? 0]);
}

/** @param owners the users who may own an entry besides root. The first one is the owner that the hint names */
function check(folder: string, owners: readonly [number, ...number[]]): void {
  // systemd makes /var/lib/NAME a link to a private folder.
  const path = Deno.realPathSync(folder);
  const entries = [...Deno.readDirSync(path)].flatMap(({ name }) => {
    const info = infoOf(`${path}/${name}`);
    return info === undefined ? [] : [{ name, path: `${path}/${name}`, info }];
  });
  const special = entries.find(({ name, info }) => OPENED.test(name) && !info.isFile);
  if (special !== undefined) {
    throw new AccessError(`${special.path} is not a regular file`, [
      "mv",
      special.path,
      `${special.path}.old`,
    ]);
  }
  const all: readonly Entry[] = [{ path, info: Deno.lstatSync(path) }, ...entries];
  const foreign = all.filter(({ info: { uid } }) => uid !== null && uid !== 0 && !owners.includes(uid));
  if (foreign[0] !== undefined) {
    throw new AccessError(
      `the user with the id ${foreign[0].info.uid} owns ${foreign[0].path} and can change it`,
      ["chown", String(owners[0]), ...foreign.map((entry) => entry.path)],
    );
  }
  // The mode of a symbolic link has no meaning.
  const open = all.filter(({ info }) => !info.isSymlink && ((info.mode ?? 0) & OTHERS_WRITE) !== 0);
  if (open[0] !== undefined) {
    const mode = ((open[0].info.mode ?? 0) & 0o777).toString(8).padStart(4, "0");
    throw new AccessError(
      `other users can write to ${open[0].path} (mode ${mode})`,
      ["chmod", "go-w", ...open.map((entry) => entry.path)],
    );
  }
}

/** The metadata of an entry. Undefined if it is gone: SQLite deletes its files when it closes. */
function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
