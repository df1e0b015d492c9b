/**
 * The AWS account that kas works in.
 *
 * @module
 */
import type { Runtime } from "../runtime.ts";
import type { Call } from "./calls.ts";
import type { Precondition } from "./middleware.ts";

/**
 * The account and how to reach it. The SDK finds absent settings in the environment, the profile or the instance's
 * role.
 */
export interface Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Limit of each of a call's three attempts, in ms. 10,000 by default. */
  readonly timeLimit?: number;
  /** Aborts the calls in progress and all later ones. */
  readonly signal?: AbortSignal;
  /** A precondition of each request that may change a resource. If the precondition rejects, kas does not send the request. */
  readonly beforeChange?: Precondition;
  /** Called when a request has ended. */
  readonly onCall?: (call: Call) => void;
  /** The runtime to use. Default: the runtime of the real machine. */
  readonly runtime?: Pick<Runtime, "clock" | "random" | "fetch">;
}
