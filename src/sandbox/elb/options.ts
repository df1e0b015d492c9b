/**
 * The options of Classic Elastic Load Balancing in the sandbox.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { LoadBalancer } from "../account/load_balancer.ts";
import type { Faults } from "../faults/faults.ts";
import type { AddressPool } from "../machines/addresses.ts";
import type { Clock } from "../clock.ts";
import type { Balancers } from "./balancers.ts";

/** Parts of the sandbox that Classic Elastic Load Balancing uses. */
export interface ElbOptions {
  readonly clock: Clock;
  readonly account: Account;
  readonly balancers: Balancers;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  /** Names of the region's availability zones. */
  readonly zones: readonly string[];
}

/** The settings of a new load balancer. Omitted settings have the defaults of AWS. */
export type NewBalancer = Pick<LoadBalancer, "name" | "zones" | "listeners"> & Partial<LoadBalancer>;
