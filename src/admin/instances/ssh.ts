/**
 * `kas admin ssh`: the system's ssh, led to an instance by its id.
 *
 * @module
 */
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { command, ExitError } from "../../cli/command.ts";
import { jumpWords } from "../../provision/ssh/jump.ts";
import { jumpHost } from "../../provision/target.ts";
import { line } from "../../provision/ssh/words.ts";
import { flag, integer, text } from "../../cli/parsers.ts";
import { ACCOUNT, connected, fleetById, member } from "../account.ts";
import { printActions } from "./targets.ts";

/** How to get there. */
export interface Route {
  readonly user: string | undefined;
  readonly identity: string | undefined;
  readonly jump: string | undefined;
  readonly port: number | undefined;
  readonly private: boolean;
}

/** `kas admin ssh`. */
export const ssh = command({
  name: "ssh",
  summary: "Open ssh to an instance by its id, or run a command there",
  description:
    "Runs the ssh on the PATH, with the user's own configuration, and ends with its exit status. The host's key is\n" +
    "accepted the first time, and known by the instance's id from then on, whatever its address is after a restart.",
  args: "ID [-- CMD…]",
  options: {
    user: { placeholder: "NAME", help: "log in as this user", parse: text },
    identity: { placeholder: "FILE", help: "private key", parse: text },
    jump: {
      placeholder: "HOST",
      help: "go through this host, [user@]host[:port], with the same key",
      parse: jumpHost,
    },
    port: { placeholder: "PORT", help: "of the instance's sshd", parse: integer(1, 65_535) },
    private: { help: "to the private address instead of the public one", default: "false", parse: flag },
    ...ACCOUNT,
  },
  examples: [
    "admin ssh i-0123456789abcdef0 --user ubuntu --identity ~/.ssh/kas.pem",
    "admin ssh i-0123456789abcdef0 --private --jump bastion.example.com -- journalctl -u kas-worker",
  ],
  run: async (context) => {
    const { flags, args: [id = ""], rest, out, signal } = context;
    const instance = await connected(
      context,
      async (aws) => member(await fleetById(aws, flags, signal), id, flags),
    );
    const words = sshArguments(instance, flags, rest);
    if (flags.dryRun) return await printActions(out, [{ action: line(["ssh", ...words]) }]);
    return await sshStatus(words, signal);
  },
});

/**
 * ssh's arguments for an instance.
 *
 * @throws {ExitError} where it does not run or has no address
 */
export function sshArguments(instance: Ec2Instance, route: Route, cmd: readonly string[]): string[] {
  const { user, identity, jump, port } = route;
  const checked = ["-o", "StrictHostKeyChecking=accept-new"];
  return [
    ...checked,
    // EC2 gives addresses to other instances again, whose keys are others.
    ...["-o", `HostKeyAlias=${instance.id}`],
    ...(user === undefined ? [] : ["-l", user]),
    ...(identity === undefined ? [] : ["-i", identity]),
    ...jumpWords({ jump, identity }, checked),
    ...(port === undefined ? [] : ["-p", String(port)]),
    // What follows the host is the command, with a dash in front or not.
    ...["--", addressOf(instance, route), ...cmd],
  ];
}

/**
 * Where an instance's sshd is.
 *
 * @throws {ExitError} where it does not run or has no address
 */
export function addressOf(
  { id, state, publicDns, publicIp, privateIp }: Ec2Instance,
  route: Pick<Route, "private">,
): string {
  if (state !== "running") {
    const start = state === "stopped" ? `kas admin instances start ${id}` : undefined;
    throw new ExitError(`Cannot open ssh to ${id}: it is ${state}`, 1, start);
  }
  const address = route.private ? privateIp : publicDns ?? publicIp;
  if (address !== undefined) return address;
  if (route.private) throw new ExitError(`Cannot open ssh to ${id}: it has no private address`);
  throw new ExitError(
    `Cannot open ssh to ${id}: it has no public address`,
    1,
    `kas admin ssh ${id} --private, with --jump HOST from outside its network`,
  );
}

/** Runs ssh on this process's own terminal; its exit status. */
async function sshStatus(words: readonly string[], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("ssh", {
      args: [...words],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ExitError("There is no ssh on the PATH", 1, "install OpenSSH's client");
  }
  const end = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // Ctrl-C reaches ssh too, which may have ended already.
    }
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    return (await child.status).code;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
