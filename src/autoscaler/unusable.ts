/**
 * The error of a state folder or port that the autoscaler cannot use.
 *
 * @module
 */
import type { Hint } from "../cli/command_line.ts";

/** The state folder or the port cannot be used. A command maps this to its exit status. */
export class UnusableError extends Error {
  override readonly name = "UnusableError";
  /** @param hint the remedy for the operator */
  constructor(message: string, readonly hint: Hint, options?: ErrorOptions) {
    super(message, options);
  }
}
