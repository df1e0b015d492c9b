/**
 * The error class for failures on one host.
 *
 * @module
 */

import type { Hint } from "../cli/command_line.ts";

/** Error: kas cannot provision a host. The error message is one line, which kas prints after the host's name. */
export class HostError extends Error {
  override readonly name = "HostError";

  /** @param hint a command or change that the operator can try */
  constructor(message: string, readonly hint?: Hint) {
    super(message);
  }
}

/** Returns the error for a host that a different provisioning run has locked. */
export function lockedError(): HostError {
  return new HostError(
    "a different provisioning run is in progress",
    "run the command again when that run has ended",
  );
}
