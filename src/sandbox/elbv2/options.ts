/**
 * What the sandbox's Elastic Load Balancing v2 works with.
 *
 * @module
 */
import type { Balancers } from "../elb/balancers.ts";
import type { Faults } from "../faults.ts";
import type { LoopbackAddresses } from "../machines/addresses.ts";
import type { Clock } from "../clock.ts";
import type { Account } from "../account/account.ts";

/** The parts that ELB v2 uses. */
export interface ElbV2Options {
  readonly clock: Clock;
  readonly account: Account;
  readonly balancers: Balancers;
  readonly addresses: LoopbackAddresses;
  readonly faults: Faults;
  readonly region: string;
  /** Every availability zone of the region. */
  readonly zones: readonly string[];
}
