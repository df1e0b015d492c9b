/**
 * `kas admin ssh`: runs the system's ssh to an instance by its id.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { command, ExitError } from "../../cli/command.ts";
import { jumpHostArguments } from "../../provision/ssh/jump_host.ts";
import { parseJumpHost } from "../../provision/target.ts";
import { commandText } from "../../cli/command_line.ts";
import { flag, integer, text } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, fleetMember, instancesById, withAws } from "../account.ts";
import { printActions } from "./targets.ts";

/** The options of commands that connect over SSH. */
export const SSH_FLAGS = {
  user: { placeholder: "NAME", help: "log in as this user", parse: text },
  identity: { placeholder: "FILE", help: "private key to log in with", parse: text },
  jump: {
    placeholder: "HOST",
    help: "connect through this host, [user@]host[:port], with the same key",
    parse: parseJumpHost,
  },
  port: { placeholder: "PORT", help: "port of the SSH server", parse: integer(1, 65_535) },
  private: { help: "connect to the instance's private address", default: "false", parse: flag },
} as const;

/** The values of {@linkcode SSH_FLAGS}, which define how ssh connects to an instance. */
export interface SshRoute {
  readonly user: string | undefined;
  readonly identity: string | undefined;
  readonly jump: string | undefined;
  readonly port: number | undefined;
  readonly private: boolean;
}

/** The command `kas admin ssh`. */
export const ssh = command({
  name: "ssh",
  summary: "Open a shell on an instance over SSH, or run a command there",
  description:
    "Runs the ssh on the PATH with your own configuration, and exits with the exit status of ssh. On the first connection ssh\n" +
    "accepts the instance's host key and stores it under the instance's id, so that the key is also found after the address\n" +
    "of the instance has changed.",
  args: "ID [-- CMD…]",
  options: {
    ...SSH_FLAGS,
    ...ACCOUNT_OPTIONS,
  },
  examples: [
    "admin ssh i-0123456789abcdef0 --user ubuntu --identity ~/.ssh/kas.pem",
    "admin ssh i-0123456789abcdef0 --private --jump bastion.example.com -- journalctl -u kas-worker",
  ],
  run: async (context) => {
    const { flags, args: [id = ""], rest, out, signal } = context;
    const instance = await withAws(
      context,
      async (aws) => fleetMember(await instancesById(aws, flags, signal), id, flags),
    );
    const sshArgs = sshArguments(instance, flags, rest);
    if (flags.dryRun) return await printActions(out, [{ action: commandText(["ssh", ...sshArgs]) }]);
    return await runSsh(sshArgs, signal);
  },
});

/**
 * Returns the arguments of ssh to connect to an instance.
 *
 * @param remoteCommand the command to run on the instance. If it is empty, ssh opens a login shell
 * @throws {ExitError} if the instance is not running or has no address
 */
export function sshArguments(
  instance: Ec2Instance,
  route: SshRoute,
  remoteCommand: readonly string[],
): string[] {
  const { user, identity, jump, port } = route;
  const hostKeyPolicy = ["-o", "StrictHostKeyChecking=accept-new"];
  return [
    ...hostKeyPolicy,
    // ssh stores the host key under the instance's id, because EC2 can give the address to an instance with a different key.
    ...["-o", `HostKeyAlias=${instance.id}`],
    ...(user === undefined ? [] : ["-l", user]),
    ...(identity === undefined ? [] : ["-i", identity]),
    ...jumpHostArguments({ jump, identity }, hostKeyPolicy),
    ...(port === undefined ? [] : ["-p", String(port)]),
    // After "--" and the host, ssh parses no options, even if the command starts with a dash.
    ...["--", sshAddress(instance, route), ...remoteCommand],
  ];
}

/**
 * Returns the address at which ssh reaches an instance.
 *
 * @throws {ExitError} if the instance is not running or has no address
 */
export function sshAddress(
  { id, state, publicDns, publicIp, privateIp }: Ec2Instance,
  route: Pick<SshRoute, "private">,
): string {
  if (state !== "running") {
    const hint = state === "stopped" ? ["kas", "admin", "instances", "start", id] : undefined;
    throw new ExitError(`Cannot connect to ${id}: it is ${state}`, 1, hint);
  }
  const address = route.private ? privateIp : publicDns ?? publicIp;
  if (address !== undefined) return address;
  if (route.private) throw new ExitError(`Cannot connect to ${id}: it has no private address`);
  throw new ExitError(
    `Cannot connect to ${id}: it has no public address`,
    1,
    `${
      commandText(["kas", "admin", "ssh", id, "--private"])
    }; outside the instance's network also --jump HOST`,
  );
}

/** Runs ssh on the terminal of this process and returns its exit status. */
async function runSsh(args: readonly string[], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("ssh", {
      args: [...args],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ExitError("ssh is not on the PATH", 1, "install the OpenSSH client");
  }
  const terminate = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // kill() throws an error if ssh has already ended, because Ctrl-C on the terminal also reaches ssh.
    }
  };
  signal.addEventListener("abort", terminate, { once: true });
  try {
    return (await child.status).code;
  } finally {
    signal.removeEventListener("abort", terminate);
  }
}
