/**
 * The sandbox's EC2 service.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Instance } from "../account/instance.ts";
import type { Snapshot } from "../account/snapshot.ts";
import type { Clock } from "../clock.ts";
import type { Faults } from "../faults/faults.ts";
import type { AddressPool } from "../machines/addresses.ts";
import type { Service } from "../wire/action.ts";
import { creditActions } from "./credit_actions.ts";
import { describeActions } from "./describe_actions.ts";
import { instanceActions } from "./instance_actions.ts";
import { launchTemplates } from "./launch/launch_templates.ts";
import { Launcher } from "./launch/launcher.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { DEFAULT_GROUP, OTHER_DEFAULT_GROUP, securityGroupActions } from "./security_groups.ts";
import { tagActions } from "./tags.ts";
import { zoneActions } from "./zones.ts";

/** Options of {@linkcode ec2}. */
export interface Ec2Options {
  readonly clock: Clock;
  readonly account: Account;
  readonly lifecycle: Lifecycle;
  readonly addresses: AddressPool;
  readonly faults: Faults;
  readonly region: string;
  /** The number of vCPUs of each instance. Default: 1. */
  readonly vcpus?: number | undefined;
}

/** The sandbox's EC2 service, and the function that seeds the account with instances. */
export interface Ec2 {
  readonly service: Service;
  /** Creates an instance in the state `stopped`. */
  create(instance: Partial<Instance>): Instance;
}

/** Builds the sandbox's EC2 service. */
export function ec2(options: Ec2Options): Ec2 {
  const { clock, account, lifecycle, faults, region } = options;
  account.putSecurityGroup(DEFAULT_GROUP);
  account.putSecurityGroup(OTHER_DEFAULT_GROUP);
  const templates = launchTemplates(clock);
  const launcher = new Launcher({ ...options, templates });
  const read = (): Snapshot => account.snapshotAgo(faults.readAge());
  const service = {
    ...describeActions(clock, account, read, faults),
    ...instanceActions(account, lifecycle, launcher, faults),
    ...creditActions(account, read),
    ...tagActions(account, read),
    ...securityGroupActions(account, read, () => !faults.noDefaultVpc),
    ...templates.actions,
    ...zoneActions(region, () => !faults.noDefaultVpc),
  };
  return { service, create: (instance) => launcher.create(instance) };
}
