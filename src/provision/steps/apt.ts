/**
 * Commands that install packages of Debian and Ubuntu.
 *
 * @module
 */
import type { HostCommand } from "./step.ts";

/** Maximum time for which apt-get waits for its lock, in seconds. */
const LOCK_SECONDS = 60;

const APT_GET = [
  "env",
  "DEBIAN_FRONTEND=noninteractive",
  "apt-get",
  "-o",
  `DPkg::Lock::Timeout=${LOCK_SECONDS}`,
];

/** Returns the commands that install a package without its recommended packages. */
export function installPackage(name: string): HostCommand[] {
  return [
    { argv: [...APT_GET, "update", "-q"], retrySeconds: LOCK_SECONDS },
    { argv: [...APT_GET, "install", "-q", "-y", "--no-install-recommends", name] },
  ];
}
