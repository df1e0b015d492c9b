/**
 * What the actions of Classic Elastic Load Balancing work with.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { LoadBalancer } from "../account/load_balancer.ts";
import type { Faults } from "../faults/faults.ts";
import type { AddressPool } from "../machines/addresses.ts";
import type { Clock } from "../clock.ts";
import type { Balancers } from "./balancers.ts";

/** The parts that ELB uses. */
export interface ElbOptions {
  readonly clock: Clock;
  readonly account: Account;
  readonly balancers: Balancers;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  /** The availability zones of the region. */
  readonly zones: readonly string[];
}

/** The settings of a load balancer to create. Settings that are left out have AWS's defaults. */
export type NewBalancer = Pick<LoadBalancer, "name" | "zones" | "listeners"> & Partial<LoadBalancer>;
