/**
 * What the autoscaler needs from the machine, and cannot use.
 *
 * @module
 */
import type { Hint } from "../cli/command_line.ts";

/** The state folder or the port cannot be used. A command maps this to its exit status. */
export class UnusableError extends Error {
  override readonly name = "UnusableError";
  /** @param hint what the operator can do */
  constructor(message: string, readonly hint: Hint, options?: ErrorOptions) {
    super(message, options);
  }
}
