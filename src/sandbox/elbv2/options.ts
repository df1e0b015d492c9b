/**
 * What the sandbox's Elastic Load Balancing v2 works with.
 *
 * @module
 */
import type { Balancers } from "../elb/balancers.ts";
import type { Faults } from "../faults.ts";
import type { Addresses } from "../machines/addresses.ts";
import type { Clock } from "../wire/service.ts";
import type { World } from "../world.ts";

/** The parts that ELB v2 uses. */
export interface ElbV2Options {
  readonly clock: Clock;
  readonly world: World;
  readonly balancers: Balancers;
  readonly addresses: Addresses;
  readonly faults: Faults;
  readonly region: string;
  /** Every availability zone of the region. */
  readonly zones: readonly string[];
}
