/**
 * What `kas admin setup` has to do to a fleet's balancer: create a Classic Load Balancer that is not there, or tell a target
 * group what it needs to serve the fleet.
 *
 * @module
 */
import type { Balancer, BalancerRef } from "../../aws/balancing/balancer.ts";
import { createBalancer } from "../../aws/balancing/classic_balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { applyChanges, requiredChanges } from "../../aws/balancing/target_group_settings.ts";
import { ExitError } from "../../cli/command.ts";

/** What is to be done. */
export interface BalancerPlan {
  /** Undefined where all is as it should be. */
  readonly need: "create" | "update" | undefined;
  readonly act: () => Promise<unknown>;
}

/**
 * Finds it out.
 *
 * @param found the balancer as it is
 * @param zones where a new one has to be
 * @param drainTimeout the longest wait for an instance to drain, ms
 * @throws {ExitError} 4 if there is no such target group, as its load balancer, listeners and certificates are the operator's
 */
export async function balancerPlan(
  aws: Aws,
  balancer: BalancerRef,
  found: Balancer | undefined,
  zones: () => readonly string[],
  drainTimeout: number,
  signal: AbortSignal,
): Promise<BalancerPlan> {
  const { name } = balancer;
  if (balancer.kind === "classic") {
    const need = found === undefined ? "create" : undefined;
    return { need, act: () => createBalancer(aws, name, zones()) };
  }
  const { arn } = balancer;
  if (found === undefined) {
    throw new ExitError(
      `There is no target group ${name}: setup leaves making it, its load balancer and its listener to you`,
      4,
      "aws elbv2 create-target-group --target-type instance --protocol HTTP --port 30000",
    );
  }
  const wanted = await requiredChanges(aws, arn, drainTimeout, signal);
  const need = Object.keys(wanted).length === 0 ? undefined : "update";
  return { need, act: () => applyChanges(aws, arn, wanted) };
}
