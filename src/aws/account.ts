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
  /** Limit of each of a call's three attempts, ms. 10,000 by default. */
  readonly timeLimit?: number;
  /** Aborts the calls in progress and all later ones. */
  readonly signal?: AbortSignal;
  /** Must hold before each request that may change something. A rejection prevents the request. */
  readonly beforeChange?: Precondition;
  /** Called as each request ends. */
  readonly onCall?: (call: Call) => void;
  /** The real one by default. */
  readonly runtime?: Pick<Runtime, "clock" | "random" | "fetch">;
}
