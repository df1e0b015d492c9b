/**
 * The way to a host through another one. ssh's own `-J` keeps the key, the way with host keys and the time limits for the host
 * behind, so that the one to go through asks, or lets nobody in.
 *
 * Source: ssh_config(5), ProxyJump and ProxyCommand.
 *
 * @module
 */
import { type Fault, sshFault } from "./ssh_fault.ts";
import type { Ended, Route } from "./ssh.ts";
import { parseTarget, type Target } from "../target.ts";
import { line } from "./words.ts";

/**
 * ssh's words for going through `jump`; none where there is no such host.
 *
 * @param options what the ssh to it is told besides, as the one to the host is
 * @param stderr where its last words go: ssh itself throws them away where a connection is kept
 */
export function jumpWords(
  { jump, identity }: Pick<Route, "jump" | "identity">,
  options: readonly string[],
  stderr?: string,
): string[] {
  if (jump === undefined) return [];
  const { host = "", user, port } = parseTarget(jump);
  const words = [
    "ssh",
    ...options,
    ...(user === undefined ? [] : ["-l", user]),
    ...(identity === undefined ? [] : ["-i", identity]),
    ...(port === undefined ? [] : ["-p", String(port)]),
  ];
  // ssh puts the host and its port for its tokens, and a percent sign for two.
  const own = line(words).replaceAll("%", "%%");
  const said = stderr === undefined ? "" : ` 2>${line([stderr])}`;
  return ["-o", `ProxyCommand=${own} -W '[%h]:%p' -- ${line([host])}${said}`];
}

/**
 * What keeps us from a host behind another one; undefined if it is nothing of the way.
 *
 * @param said by the ssh to the host in front
 */
export function jumpFault(
  { code, stderr }: Ended,
  said: string,
  target: Target,
  { jump, identity }: Route,
): Fault | undefined {
  // A connection that came by a command has no address.
  if (jump === undefined || !/UNKNOWN port/.test(stderr)) return undefined;
  if (/administratively prohibited/.test(said)) {
    return {
      message: `can't be reached: its jump host ${jump} passes no connections on`,
      hint: "AllowTcpForwarding yes, in the sshd_config there",
    };
  }
  if (/open failed/.test(said)) return sshFault({ code, stderr: said }, target, { jump });
  const { message, hint } = sshFault({ code, stderr: said }, parseTarget(jump), { identity }) ??
    { message: "can't be reached" };
  return {
    message: `its jump host ${jump} ${message}`,
    hint: hint?.startsWith("ssh-keygen")
      ? hint
      : "--jump [user@]host[:port], where the key of --identity is let in",
  };
}
