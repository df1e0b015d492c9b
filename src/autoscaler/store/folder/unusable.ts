/**
 * The error that kas throws if it cannot use the state folder or the port.
 *
 * @module
 */
import type { Hint } from "../../../cli/command_line.ts";

/** kas cannot use the state folder or the port. A command converts this error to its exit status. */
export class UnusableError extends Error {
  override readonly name = "UnusableError";
  /** @param hint the remedy for the operator */
  constructor(message: string, readonly hint: Hint, options?: ErrorOptions) {
    super(message, options);
  }
}
