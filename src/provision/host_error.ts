/**
 * The error of one host.
 *
 * @module
 */

import type { Hint } from "../cli/command_line.ts";

/** A host that kas cannot work on. The message is one line and starts after the host's name. */
export class HostError extends Error {
  override readonly name = "HostError";

  /** @param hint what the operator can try */
  constructor(message: string, readonly hint?: Hint) {
    super(message);
  }
}

/** Another provisioning run holds the host's lock. */
export function lockedError(): HostError {
  return new HostError("another provisioning run is in progress", "run it again when that run has ended");
}
