/**
 * Starts an sshd on this machine, and creates an `ssh` command for the PATH that does not use the user's own files.
 *
 * @module
 */
import { execute, type Running, start } from "./kas.ts";
import { installed, type Need, program } from "./needs.ts";

/** The path of sshd. sshd runs only if it is started by its absolute path, and the PATH may not contain its folder. */
const SSHD = installed("sshd")[0] ?? "/usr/sbin/sshd";

/** The needs of a test with sshd. */
export const SSH: readonly Need[] = [
  program("ssh"),
  program("ssh-keygen"),
  { what: "sshd is not installed", met: isThere(SSHD) },
];

/** An ssh client with its own key and known hosts. */
export interface SshClient extends AsyncDisposable {
  readonly folder: string;
  /** The path of the client's private key. */
  readonly identity: string;
  readonly path: string;
  /** Returns the content of the client's known_hosts file. */
  knownHosts(): Promise<string>;
}

/** Creates a client. */
export async function sshClient(): Promise<SshClient> {
  const folder = await Deno.makeTempDir();
  const identity = `${folder}/client`;
  await makeKey(identity);
  // A script that runs the system's ssh with a known_hosts file in this folder.
  await Deno.writeTextFile(
    `${folder}/ssh_config`,
    `UserKnownHostsFile ${folder}/known_hosts\nBatchMode yes\n`,
  );
  const script = `#!/bin/sh\nexec ${installed("ssh")[0]} -F ${folder}/ssh_config "$@"\n`;
  await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
  return {
    folder,
    identity,
    path: `${folder}:${Deno.env.get("PATH")}`,
    knownHosts: () => Deno.readTextFile(`${folder}/known_hosts`),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** A running sshd. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** The lines of sshd's log. */
  readonly lines: Running["lines"];
}

/**
 * Starts an sshd that listens on all addresses, has its own host key, and accepts the client.
 *
 * @param more lines at the beginning of sshd's configuration
 */
export async function startSshd({ identity }: SshClient, more: readonly string[] = []): Promise<Sshd> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await makeKey(`${folder}/host`);
  // An sshd that runs as root needs this folder. Normally the system service creates it.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
  const port = freePort();
  const config = [
    ...more,
    `ListenAddress 0.0.0.0:${port}`,
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${identity}.pub`,
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PidFile none",
    // With StrictModes, sshd would reject the keys, because everybody may write to the parent folder.
    "StrictModes no",
  ];
  await Deno.writeTextFile(`${folder}/sshd_config`, config.join("\n"));
  const daemon = stack.use(start([SSHD, "-D", "-e", "-f", `${folder}/sshd_config`]));
  await daemon.line(/Server listening on/);
  const owned = stack.move();
  return { port, lines: daemon.lines, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function makeKey(path: string): Promise<void> {
  await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]);
}

/** Returns a port that was free a moment ago. sshd cannot choose a free port and report it. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
