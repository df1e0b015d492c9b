/**
 * Converts errors of ssh and sudo to one-line messages with hints for the operator.
 *
 * @module
 */
import { type CommandLine, commandText, type Hint } from "../../cli/command_line.ts";
import type { Target } from "../target.ts";
import type { ScriptResult } from "./shell.ts";
import type { SshOptions } from "./ssh_options.ts";

/** The reason why kas cannot connect to a host or cannot become root on the host. */
export interface Diagnosis {
  readonly message: string;
  readonly hint?: Hint;
}

/** Exit status of ssh if ssh itself fails, for example to connect. Source: ssh(1), EXIT STATUS. */
const SSH_FAILED = 255;

/** Exit status of a shell that cannot find a program. Source: POSIX.1-2017, 2.8.2. */
const NOT_FOUND = 127;

/** Error messages with which `sudo -n` rejects a command. Source: sudo(8). */
const SUDO_REFUSED =
  /^sudo: (?:a password is required|.*may not run sudo|.*is not in the sudoers|a terminal is required)/m;

const SUDO_HINT = "log in as root (--user root), or give the user NOPASSWD in /etc/sudoers.d";

/** Diagnoses a failed script. Returns undefined if neither ssh nor sudo caused the failure. */
export function diagnoseSsh(
  { code, stderr }: ScriptResult,
  target: Target,
  options: SshOptions,
): Diagnosis | undefined {
  if (SUDO_REFUSED.test(stderr)) {
    return { message: "cannot become root: sudo requires a password", hint: SUDO_HINT };
  }
  if (code === NOT_FOUND && /sudo: (?:command )?not found/.test(stderr)) {
    return { message: "cannot become root: sudo is not installed", hint: SUDO_HINT };
  }
  if (code === NOT_FOUND && /exec: "?bash"?: not found|bash: not found/.test(stderr)) {
    return { message: "bash is not installed" };
  }
  return code === SSH_FAILED ? diagnoseConnection(stderr, target, options) : undefined;
}

function diagnoseConnection(stderr: string, target: Target, options: SshOptions): Diagnosis {
  const { host = "", instance } = target;
  const port = target.port ?? options.port ?? 22;
  const cannotConnect = (why: string, hint?: Hint): Diagnosis => ({
    message: `cannot connect: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    const knownHost = instance ?? (port === 22 ? host : `[${host}]:${port}`);
    return cannotConnect(
      "the host key has changed, so this may be a different host",
      `run ${commandText(forgetHostKey(knownHost))} if the host key was changed on purpose`,
    );
  }
  if (/Could not resolve hostname|Name or service not known/.test(stderr)) {
    return cannotConnect("the host name does not resolve");
  }
  if (/Connection refused/.test(stderr)) {
    return cannotConnect(
      `the host refused the connection to port ${port}`,
      "set --port if sshd uses a different port",
    );
  }
  if (/timed out|Timeout, server/i.test(stderr)) {
    return cannotConnect(
      "the host does not answer",
      "check the security group, or connect through --jump HOST",
    );
  }
  if (/No route to host|Network is unreachable/.test(stderr)) {
    return cannotConnect("there is no route to the host");
  }
  if (
    /Identity file .* not accessible|no such identity|Load key/.test(stderr) &&
    /Permission denied|invalid format|not accessible/.test(stderr)
  ) {
    return cannotConnect(
      `ssh cannot use the key ${options.identity ?? ""}`.trimEnd(),
      "set --identity to a private key file that only you may read",
    );
  }
  if (/Permission denied|Too many authentication failures/.test(stderr)) {
    return cannotConnect(
      "login refused",
      "--user and --identity, such as --user admin --identity ~/.ssh/kas.pem",
    );
  }
  if (/closed by|reset by|Broken pipe|disconnect|Connection to .* closed/i.test(stderr)) {
    return cannotConnect(
      "the connection was closed",
      "run the command again: the host completes or rolls back the interrupted run",
    );
  }
  return cannotConnect(stderr.trim().split("\n").at(-1)?.trim() || "ssh failed and printed no error");
}

/** Returns the command that deletes the stored key of a host. */
function forgetHostKey(host: string): CommandLine {
  return ["ssh-keygen", "-R", host];
}
