/**
 * The health checks of a fleet's service, as an operator's machine makes them.
 *
 * @module
 */
import type { BalancerSettings } from "../../aws/balancing/balancer.ts";
import { type ChecksOf, readChecks } from "../../aws/balancing/checks.ts";
import type { Aws } from "../../aws/clients.ts";
import { type AddressKind, addressOf, operatorsAddress } from "../../aws/ec2/ec2_instance.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { HealthCheckSpec } from "../../health/spec.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { fleetsBalancer } from "../balancers/lookup.ts";

/** The options that change the health checks. */
export const CHECK_OPTIONS = { healthCheck: SETTINGS.healthCheck, address: SETTINGS.address };

/** The values of the options that select the health checks. */
export interface CheckFlags extends BalancerSettings {
  readonly healthCheck?: HealthCheckSpec | undefined;
  readonly address?: AddressKind | undefined;
}

/** Returns the checks of `--health-check`, or else those of the fleet's load balancer. */
export async function serviceChecks(aws: Aws, flags: CheckFlags, signal: AbortSignal): Promise<ChecksOf> {
  const { healthCheck } = flags;
  return healthCheck === undefined
    ? await readChecks(aws, await fleetsBalancer(aws, flags, signal), signal)
    : () => [healthCheck];
}

/** Returns the address of `--address`. By default, the address that a machine outside the VPC reaches, if there is one. */
export function checkedAddress(
  { address }: Pick<CheckFlags, "address">,
  instance: Pick<Ec2Instance, "publicDns" | "publicIp" | "privateIp" | "ipv6">,
): string | undefined {
  return address === undefined ? operatorsAddress(instance) : addressOf(instance, address);
}
