/**
 * The balancer that the flags of a command name.
 *
 * @module
 */
import { type BalancerRef, balancerRef, type BalancerSettings } from "../../aws/balancing/balancer.ts";
import { UsageError } from "../../cli/command.ts";

/**
 * Returns the balancer of a fleet.
 *
 * @throws {UsageError} if the balancer is an Application or Network Load Balancer, and no flag names its target group
 */
export function fleetBalancer(settings: BalancerSettings): BalancerRef {
  const { balancer, targetGroup = [] } = settings;
  if ((balancer === "application" || balancer === "network") && targetGroup.length === 0) {
    throw new UsageError(
      `--balancer ${balancer} needs --target-group, the ARN of the target group`,
      "kas admin setup prints the ARN",
    );
  }
  return balancerRef(settings);
}
