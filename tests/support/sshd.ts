/**
 * A real sshd on loopback, and an `ssh` for the PATH that leaves the user's own files alone.
 *
 * @module
 */
import { execute, type Running, start } from "./kas.ts";
import { installed, type Need, program } from "./needs.ts";

/** sshd wants to be started by its whole path, and stands in a folder that is not on everybody's PATH. */
const SSHD = installed("sshd")[0] ?? "/usr/sbin/sshd";

/** What a test with them needs. */
export const SSH: readonly Need[] = [
  program("ssh"),
  program("ssh-keygen"),
  { what: "sshd is not there", met: isThere(SSHD) },
];

/** A client: its key, and the PATH on which its ssh is. */
export interface SshClient extends AsyncDisposable {
  readonly folder: string;
  /** Its private key. */
  readonly identity: string;
  readonly path: string;
  /** What it has learned of hosts. */
  knownHosts(): Promise<string>;
}

/** Makes a client. */
export async function sshClient(): Promise<SshClient> {
  const folder = await Deno.makeTempDir();
  const identity = `${folder}/client`;
  await makeKey(identity);
  // The system's ssh, with what it learns of hosts kept here instead of in the user's home.
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

/** A daemon that is up. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** What it logged. */
  readonly lines: Running["lines"];
}

/**
 * Starts an sshd on all of loopback's addresses, with a host key of its own, that lets the client in.
 *
 * @param more lines of its configuration, which go before ours
 */
export async function startSshd({ identity }: SshClient, more: readonly string[] = []): Promise<Sshd> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await makeKey(`${folder}/host`);
  // Where root's sshd locks itself up; a system service makes it when it starts.
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
    // The folder stands below one that everybody may write to.
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

/** A port that was free a moment ago: sshd can't say which it was given. */
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
