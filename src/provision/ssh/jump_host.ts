/**
 * Jump hosts: SSH to a host through another one. kas sets ProxyCommand itself, because ssh's own `-J` does not pass the identity,
 * the host key policy and the time limits on to the jump host.
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
 * ssh's arguments to connect through `jump`; none if there is no jump host.
 *
 * @param options ssh options that apply to the jump host too
 * @param stderrPath a file for the stderr of the ssh to the jump host: a persistent connection discards it
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
  // ssh expands %h, %p and %% in a ProxyCommand.
  const escaped = command.replaceAll("%", "%%");
  const redirection = stderrPath === undefined ? "" : ` 2>${quoteCommand([stderrPath])}`;
  return ["-o", `ProxyCommand=${escaped} -W '[%h]:%p' -- ${quoteCommand([host])}${redirection}`];
}

/**
 * Diagnoses a failed connection through a jump host; undefined if the jump host is not the cause.
 *
 * @param jumpStderr the stderr of the ssh to the jump host
 */
export function diagnoseJumpHost(
  { code, stderr }: ScriptResult,
  jumpStderr: string,
  target: Target,
  { jump, identity }: SshOptions,
): Diagnosis | undefined {
  // ssh has no address for a connection that a ProxyCommand makes.
  if (jump === undefined || !/UNKNOWN port/.test(stderr)) return undefined;
  if (/administratively prohibited/.test(jumpStderr)) {
    return {
      message: `jump host ${jump} does not forward connections`,
      hint: "AllowTcpForwarding yes in its sshd_config",
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
      : "--jump [user@]host[:port], a host that accepts the key of --identity",
  };
}
