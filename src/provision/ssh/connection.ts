/**
 * Connections to hosts. kas runs the ssh of this machine, with one connection for all scripts on a host. For the target `local`,
 * kas
 * runs the shell of this machine.
 *
 * @module
 */
import { HostError } from "../host_error.ts";
import { quoteCommand } from "../../cli/command_line.ts";
import type { Target } from "../target.ts";
import { diagnoseSsh } from "./diagnosis.ts";
import { diagnoseJumpHost, jumpHostArguments } from "./jump_host.ts";
import { runShell, type ScriptOptions, type ScriptResult } from "./shell.ts";
import type { SshOptions } from "./ssh_options.ts";

/** A connection to a host, over which bash runs scripts as root. */
export interface Connection extends AsyncDisposable {
  /**
   * Runs a script on the host until the script ends.
   *
   * @throws {HostError} if ssh cannot connect or log in, or the connection breaks
   */
  run(script: string, options: ScriptOptions): Promise<ScriptResult>;
}

/** Maximum time to connect to a host, in seconds. */
const CONNECT_TIMEOUT = 10;

/**
 * ssh sends a keepalive message every `interval` seconds. It closes the connection if the host does not answer `count` messages.
 */
const KEEPALIVE = { interval: 5, count: 6 };

/**
 * How long an idle connection stays open for the next script, in seconds. If kas is killed, the ssh process ends after this time.
 */
const PERSIST = 60;

/** Files in the folder of a connection: ssh's control socket, and the stderr of the ssh to the jump host. */
const CONTROL_SOCKET = "c";
const JUMP_STDERR = "jump";

/** Command that starts bash as root: directly if the login user is root, otherwise with sudo without a password prompt. */
const ROOT_SHELL = quoteCommand([
  "sh",
  "-c",
  'if [ "$(id -u)" = 0 ]; then exec bash -s; else exec sudo -n bash -s; fi',
]);

const option = (name: string, value: string | number) => ["-o", `${name}=${value}`];

/**
 * Options for every ssh command of kas. With them, ssh never prompts, accepts the host key of a new host, and rejects a changed
 * key.
 */
const OPTIONS = [
  ...option("BatchMode", "yes"),
  ...option("StrictHostKeyChecking", "accept-new"),
  ...option("ConnectTimeout", CONNECT_TIMEOUT),
  ...option("ServerAliveInterval", KEEPALIVE.interval),
  ...option("ServerAliveCountMax", KEEPALIVE.count),
];

/** Returns the ssh command for a target, without the remote command. `folder` contains the connection's files. */
function sshCommand(
  { host = "", user, port, instance }: Target,
  options: SshOptions,
  folder: string,
): string[] {
  const [login, sshdPort] = [user ?? options.user, port ?? options.port];
  return [
    "ssh",
    ...OPTIONS,
    ...option("ControlMaster", "auto"),
    ...option("ControlPersist", PERSIST),
    ...option("ControlPath", `${folder}/${CONTROL_SOCKET}`),
    // ssh stores the host key under the instance id, because EC2 can assign the IP address to an instance with a different host
    // key.
    ...(instance === undefined ? [] : option("HostKeyAlias", instance)),
    ...(login === undefined ? [] : ["-l", login]),
    ...(options.identity === undefined ? [] : ["-i", options.identity]),
    ...jumpHostArguments(options, OPTIONS, `${folder}/${JUMP_STDERR}`),
    ...(sshdPort === undefined ? [] : ["-p", String(sshdPort)]),
    "--",
    host,
  ];
}

/** Returns a connection to a host. ssh connects when the first script runs. */
export async function openSsh(target: Target, options: SshOptions): Promise<Connection> {
  // The path of the folder must be short, because the path of a Unix socket has at most 108 bytes.
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "kas-ssh-" });
  const command = sshCommand(target, options, folder);
  return {
    run: async (script, run) => {
      const result = await runShell([...command, ROOT_SHELL], script, run);
      const jumpStderr = await readIfExists(`${folder}/${JUMP_STDERR}`);
      const diagnosis = diagnoseJumpHost(result, jumpStderr, target, options) ??
        diagnoseSsh(result, target, options);
      if (diagnosis !== undefined) throw new HostError(diagnosis.message, diagnosis.hint);
      return result;
    },
    [Symbol.asyncDispose]: async () => {
      await new Deno.Command("ssh", {
        args: [
          "-O",
          "exit",
          ...option("ControlPath", `${folder}/${CONTROL_SOCKET}`),
          "--",
          target.host ?? "",
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Returns a connection to this host's shell. kas must run as root. */
export function openLocalShell(): Connection {
  return {
    run: (script, options) => runShell(["bash", "-s"], script, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function readIfExists(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  }
}
