/**
 * ssh's and sudo's own errors, each as one line that says what is wrong and what to try.
 *
 * @module
 */
import type { Ended, Route } from "./ssh.ts";
import type { Target } from "../target.ts";

/** What keeps us from a host. */
export interface Fault {
  readonly message: string;
  readonly hint?: string;
}

/** The status with which ssh itself fails. Source: ssh(1), EXIT STATUS. */
const SSH_FAILED = 255;

/** Said by the root shell's command. Source: sudo(8), -n. */
const SUDO =
  /^sudo: (?:a password is required|.*may not run sudo|.*is not in the sudoers|a terminal is required)/m;

/** What ssh or sudo complains of; undefined if neither does. */
export function sshFault(
  { code, stderr }: Ended,
  { host = "", port, instance }: Target,
  route: Route,
): Fault | undefined {
  if (SUDO.test(stderr) || (code === 127 && /sudo: (?:command )?not found/.test(stderr))) {
    return {
      message: `root can't be had: sudo ${/not found/.test(stderr) ? "is not there" : "asks for a password"}`,
      hint: "log in as root (--user root), or give the user NOPASSWD in /etc/sudoers.d",
    };
  }
  if (/exec: "?bash"?: not found|bash: not found/.test(stderr) && code === 127) {
    return { message: "it has no bash" };
  }
  if (code !== SSH_FAILED) return undefined;
  const at = port ?? route.port ?? 22;
  const cannot = (why: string, hint?: string): Fault => ({
    message: `can't be reached: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  });
  const known = instance ?? (at === 22 ? host : `[${host}]:${at}`);
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(stderr)) {
    return cannot(
      "its host key is not the one it had, as if it were another machine",
      `ssh-keygen -R '${known}', if you know why it changed`,
    );
  }
  if (/Could not resolve hostname|Name or service not known/.test(stderr)) {
    return cannot("there is no host of that name");
  }
  if (/Connection refused/.test(stderr)) {
    return cannot(`nothing listens on its port ${at}`, "--port, if its sshd listens elsewhere");
  }
  if (/timed out|Timeout, server/i.test(stderr)) {
    return cannot("it does not answer", "look at its security group, and whether a --jump HOST is needed");
  }
  if (/No route to host|Network is unreachable/.test(stderr)) return cannot("there is no route to it");
  if (
    /Identity file .* not accessible|no such identity|Load key/.test(stderr) &&
    /Permission denied|invalid format|not accessible/.test(stderr)
  ) {
    return cannot(
      `the key ${route.identity ?? ""} can't be used`.replace("  ", " "),
      "--identity FILE, a private key that only you may read",
    );
  }
  if (/Permission denied|Too many authentication failures/.test(stderr)) {
    return cannot(
      "it does not let us in",
      "--user and --identity, such as --user admin --identity ~/.ssh/kas.pem",
    );
  }
  if (/closed by|reset by|Broken pipe|disconnect|Connection to .* closed/i.test(stderr)) {
    return cannot(
      "the connection broke off",
      "run it again: the host has finished or undone by itself what it had begun",
    );
  }
  return cannot(stderr.trim().split("\n").at(-1)?.trim() || "ssh failed without a word");
}
