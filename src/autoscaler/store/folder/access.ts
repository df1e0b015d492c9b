/**
 * Checks who can change a state folder. A user who can write to its files could add false decisions and messages, or lock the
 * files. kas checks the folder to which symbolic links lead, and each entry in it. It does not check the folders above. A
 * user who can write to those can move the state folder away, but kas would refuse every folder that this user puts in its
 * place.
 *
 * @module
 */
import type { CommandLine } from "../../../cli/command_line.ts";

/**
 * The bits of a file mode that allow the group and others to write. If a file has a POSIX access control list, the group's
 * bits show the mask of the list.
 */
const OTHERS_WRITE = 0o022;

/** The files that kas and SQLite open. SQLite adds -wal, -shm and -journal to the name of the database. */
const OPENED = /^kas\.(?:lock|db(?:-[a-z]+)?)$/;

/** Another user can change the state folder. */
export class AccessError extends Error {
  override readonly name = "AccessError";
  /** @param hint the command that corrects the access */
  constructor(message: string, readonly hint: CommandLine) {
    super(message);
  }
}

/** The state folder, or an entry in it. */
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

/** @param owners the ids of the users who may own an entry, besides root. The hint names the first of them */
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

/**
 * Returns the metadata of an entry. Undefined if the entry does not exist any more: SQLite deletes files when it closes the
 * database.
 */
function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
