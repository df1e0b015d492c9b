/**
 * The settings of a target group that a fleet requires: the health check and the deregistration delay.
 *
 * @module
 */
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Aws } from "../clients.ts";
import { isRightDelay, longestDelay } from "./draining.ts";
import {
  DELAY_ATTRIBUTE,
  deregistrationDelay,
  describeTargetGroup,
  elbv2,
  groupName,
  healthCheckPort,
} from "./target_group.ts";

/**
 * The deregistration delay that kas sets if `drainTimeout` permits it, in s: twice the default idle timeout of an
 * Application Load Balancer. A shorter delay may cut requests off. A longer delay makes every scale-in longer, because
 * ELB drains every target for the whole delay.
 */
const PREFERRED_DELAY = 120;

/** The health check: the worker's /ping. */
const HEALTH_CHECK = {
  HealthCheckEnabled: true,
  HealthCheckProtocol: "HTTP",
  HealthCheckPort: String(WORKER_PORT),
  HealthCheckPath: "/ping",
} as const;

/** The changes that a target group needs. A setting that needs no change is absent. */
export interface GroupChanges {
  /** Present if the health check must be changed to the worker's /ping. */
  readonly healthCheck?: true;
  /** The deregistration delay to set, in seconds. */
  readonly delay?: number;
}

/**
 * Compares a target group's settings with the settings that kas requires. A deregistration delay of 0 is wrong, because
 * ELB would cut requests off. A delay longer than `drainTimeout` (ms) is wrong, because no instance would finish
 * draining in time.
 *
 * Throws TargetGroupNotFound, and an Error if the group's targets are not instances.
 */
export async function requiredChanges(
  aws: Aws,
  arn: string,
  drainTimeout: number,
  signal?: AbortSignal,
): Promise<GroupChanges> {
  const [group, seconds] = await Promise.all([
    describeTargetGroup(aws, arn, signal),
    deregistrationDelay(aws, arn, signal),
  ]);
  if (group?.TargetType !== "instance") {
    throw new Error(
      `Cannot use target group ${groupName(arn)}: its target type is ${group?.TargetType}, not instance`,
    );
  }
  const isHealthCheckRight = group.HealthCheckEnabled !== false && group.HealthCheckProtocol === "HTTP" &&
    group.HealthCheckPath === "/ping" && healthCheckPort(group) === String(WORKER_PORT);
  return {
    ...(isHealthCheckRight ? {} : { healthCheck: true }),
    ...(isRightDelay(seconds, drainTimeout)
      ? {}
      : { delay: Math.max(1, Math.min(PREFERRED_DELAY, longestDelay(drainTimeout))) }),
  };
}

/** Changes a target group's settings. */
export async function applyChanges(
  aws: Aws,
  arn: string,
  { healthCheck, delay }: GroupChanges,
): Promise<void> {
  const [client, { ModifyTargetGroupCommand, ModifyTargetGroupAttributesCommand }] = await elbv2(aws);
  if (healthCheck) {
    await client.send(new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...HEALTH_CHECK }));
  }
  if (delay !== undefined) {
    const Attributes = [{ Key: DELAY_ATTRIBUTE, Value: String(delay) }];
    await client.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
  }
}
