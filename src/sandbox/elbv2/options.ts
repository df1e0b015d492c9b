/**
 * The options of Elastic Load Balancing v2 in the sandbox.
 *
 * @module
 */
import type { Balancers } from "../elb/balancers.ts";
import type { Faults } from "../faults/faults.ts";
import type { LoopbackAddresses } from "../machines/addresses.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";

/** Parts of the sandbox that Elastic Load Balancing v2 uses. */
export interface ElbV2Options {
  readonly clock: Clock;
  readonly account: Account;
  readonly balancers: Balancers;
  readonly addresses: LoopbackAddresses;
  readonly faults: Faults;
  readonly region: string;
}
