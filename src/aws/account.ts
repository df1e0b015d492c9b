/**
 * The AWS account that kas works in.
 *
 * @module
 */
import type { Runtime } from "../runtime.ts";
import type { Call } from "./calls.ts";
import type { Precondition } from "./middleware.ts";

/**
 * An AWS account, and how kas reaches it. The SDK takes a setting that is absent here from the environment, the profile
 * or the instance's role.
 */
export interface Account {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Time limit of each attempt of a call, in ms. A call has at most three attempts. Default: 10,000. */
  readonly timeLimit?: number;
  /**
   * For how long kas repeats a call that AWS throttles, in ms. An account with this option paces its reads too. Every account paces its
   * changes. Default: a throttled call fails after three attempts, like any other call.
   */
  readonly patience?: number;
  /** Aborts the calls in progress and all later ones. */
  readonly signal?: AbortSignal;
  /** Runs before each request that may change a resource. If it rejects, kas does not send the request. */
  readonly beforeChange?: Precondition;
  /** Called after each request with the request's outcome. */
  readonly onCall?: (call: Call) => void;
  /** The runtime to use. Default: the runtime of the real machine. */
  readonly runtime?: Pick<Runtime, "clock" | "random" | "fetch">;
}
