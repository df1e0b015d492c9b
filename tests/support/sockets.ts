/**
 * The open files and sockets of a process, from /proc.
 *
 * @module
 */

/** A TCP socket of a process. */
export interface Socket {
  /** The local port. */
  readonly port: number;
  /** One of {@linkcode STATES}, or another. */
  readonly state: string;
}

/** States of a socket. Source: Linux, include/net/tcp_states.h. */
export const STATES = { established: "01", listening: "0A" } as const;

/** The open files of a process: `socket:[INODE]` or `/path`. Source: proc_pid_fd(5). */
export async function filesOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const files = await Promise.all(names.map(async (name) => {
    try {
      return [await Deno.readLink(`${folder}/${name}`)];
    } catch (error) {
      // The process closed the file after this function listed it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return [];
    }
  }));
  return files.flat();
}

/** The TCP sockets among a process's open files. Source: proc_pid_net(5), tcp. */
export async function socketsOf(pid: number, files: readonly string[]): Promise<Socket[]> {
  const open = new Set(files);
  const listings = await Promise.all(
    ["tcp", "tcp6"].map((family) => Deno.readTextFile(`/proc/${pid}/net/${family}`)),
  );
  return listings.flatMap((listing) => listing.trim().split("\n").slice(1)).flatMap((line) => {
    const [, local = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    const port = parseInt(local.slice(local.lastIndexOf(":") + 1), 16);
    return open.has(`socket:[${inode}]`) ? [{ port, state }] : [];
  });
}
