/**
 * Jump hosts: SSH connections to a host through a second host. kas sets ProxyCommand, because ssh's option `-J` does not pass the
 * identity, the host key policy and the time limits to the jump host.
 *
 * Source: ssh_config(5), ProxyJump and ProxyCommand.
 *
 * @module
 */
import { quoteCommand } from "../../cli/command_line.ts";
import { parseTarget, type Target } from "../target.ts";
import { diagnoseSsh, type Diagnosis } from "./diagnosis.ts";
import type { ScriptResult } from "./shell.ts";
import type { SshOptions } from "./ssh_options.ts";

/**
 * Returns the ssh arguments to connect through `jump`, or no arguments without a jump host.
 *
 * @param options ssh options, which also apply to the jump host
 * @param stderrPath file to which the ssh to the jump host writes its stderr. Without the file this stderr would be lost, because
 * the connection is persistent
 */
export function jumpHostArguments(
  { jump, identity }: Pick<SshOptions, "jump" | "identity">,
  options: readonly string[],
  stderrPath?: string,
): string[] {
  if (jump === undefined) return [];
  const { host = "", user, port } = parseTarget(jump);
  const command = quoteCommand([
    "ssh",
    ...options,
    ...(user === undefined ? [] : ["-l", user]),
    ...(identity === undefined ? [] : ["-i", identity]),
    ...(port === undefined ? [] : ["-p", String(port)]),
  ]);
  // In a ProxyCommand, ssh replaces %h, %p and %%.
  const escaped = command.replaceAll("%", "%%");
  const redirection = stderrPath === undefined ? "" : ` 2>${quoteCommand([stderrPath])}`;
  return ["-o", `ProxyCommand=${escaped} -W '[%h]:%p' -- ${quoteCommand([host])}${redirection}`];
}

/**
 * Diagnoses a failed connection through a jump host. Returns undefined if the jump host did not cause the failure.
 *
 * @param jumpStderr the stderr of the ssh to the jump host
 */
export function diagnoseJumpHost(
  { code, stderr }: ScriptResult,
  jumpStderr: string,
  target: Target,
  { jump, identity }: SshOptions,
): Diagnosis | undefined {
  // If ssh uses a ProxyCommand and cannot connect, its error message contains "UNKNOWN port" instead of an address.
  if (jump === undefined || !/UNKNOWN port/.test(stderr)) return undefined;
  if (/administratively prohibited/.test(jumpStderr)) {
    return {
      message: `jump host ${jump} does not forward connections`,
      hint: "set AllowTcpForwarding yes in the sshd_config of the jump host",
    };
  }
  const result = { code, stderr: jumpStderr };
  if (/open failed/.test(jumpStderr)) return diagnoseSsh(result, target, { jump });
  const { message, hint } = diagnoseSsh(result, parseTarget(jump), { identity }) ??
    { message: "cannot connect" };
  return {
    message: `jump host ${jump}: ${message}`,
    hint: typeof hint === "string" && hint.startsWith("ssh-keygen")
      ? hint
      : "set --jump to a host [user@]host[:port] that accepts the key of --identity",
  };
}
