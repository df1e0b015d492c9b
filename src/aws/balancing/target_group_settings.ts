/**
 * The settings of a target group that a fleet requires: the deregistration delay, and a health check that the operator names.
 *
 * @module
 */
import type { ModifyTargetGroupInput, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Aws } from "../clients.ts";
import { isRightDelay, longestDelay } from "./draining.ts";
import {
  attributesOf,
  DELAY_ATTRIBUTE,
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

/** A health check that an operator wants. */
export interface HealthCheckPlan {
  readonly protocol: "HTTP" | "HTTPS" | "TCP";
  /** The port of the check. Undefined: the port at which the target is registered. */
  readonly port: number | undefined;
  /** The path of the request. Undefined for TCP. */
  readonly path: string | undefined;
}

/** The settings that a target group shall have. */
export interface GroupPlan {
  /** Undefined: the target group keeps its health check. */
  readonly healthCheck: HealthCheckPlan | undefined;
  /** The autoscaler's drain timeout, in ms. */
  readonly drainTimeout: number;
  /** True: each instance gets the same share of the connections, however many instances its zone has. */
  readonly crossZone?: boolean;
}

/** The changes that a target group needs. A setting that needs no change is absent. */
export interface GroupChanges {
  readonly healthCheck?: HealthCheckPlan;
  /** The deregistration delay to set, in seconds. */
  readonly delay?: number;
  /** Present if cross-zone load balancing must be turned on. */
  readonly crossZone?: true;
}

/** The attribute of cross-zone load balancing. Source: NLB guide, "Target group attributes". */
const CROSS_ZONE_ATTRIBUTE = "load_balancing.cross_zone.enabled";

/**
 * Compares a target group's settings with a plan. A deregistration delay of 0 is wrong, because ELB would cut requests
 * off. A delay longer than the drain timeout is wrong, because no instance would finish draining in time.
 *
 * Throws TargetGroupNotFound, and an Error if the group's targets are not instances.
 */
export async function requiredChanges(
  aws: Aws,
  arn: string,
  { healthCheck, drainTimeout, crossZone }: GroupPlan,
  signal?: AbortSignal,
): Promise<GroupChanges> {
  const [group, attributes] = await Promise.all([
    describeTargetGroup(aws, arn, signal),
    attributesOf(aws, arn, signal),
  ]);
  const seconds = Number(attributes.get(DELAY_ATTRIBUTE) ?? 0);
  if (group?.TargetType !== "instance") {
    throw new Error(
      `Cannot use target group ${groupName(arn)}: its target type is ${group?.TargetType}, not instance`,
    );
  }
  return {
    ...(healthCheck === undefined || hasHealthCheck(group, healthCheck) ? {} : { healthCheck }),
    ...(isRightDelay(seconds, drainTimeout) ? {} : { delay: delayFor(drainTimeout) }),
    ...(crossZone && attributes.get(CROSS_ZONE_ATTRIBUTE) !== "true" ? { crossZone } : {}),
  };
}

/** Returns the deregistration delay, in seconds, with which draining ends within `drainTimeout` (ms). */
export function delayFor(drainTimeout: number): number {
  return Math.max(1, Math.min(PREFERRED_DELAY, longestDelay(drainTimeout)));
}

function hasHealthCheck(group: TargetGroup, { protocol, port, path }: HealthCheckPlan): boolean {
  return group.HealthCheckEnabled !== false && group.HealthCheckProtocol === protocol &&
    healthCheckPort(group) === String(port ?? group.Port) &&
    (path === undefined || group.HealthCheckPath === path);
}

/** Returns a health check as a request to ELB names it. */
export function healthCheckRequest(
  { protocol, port, path }: HealthCheckPlan,
): Pick<
  ModifyTargetGroupInput,
  "HealthCheckEnabled" | "HealthCheckProtocol" | "HealthCheckPort" | "HealthCheckPath"
> {
  return {
    HealthCheckEnabled: true,
    HealthCheckProtocol: protocol,
    HealthCheckPort: port === undefined ? "traffic-port" : String(port),
    ...(path === undefined ? {} : { HealthCheckPath: path }),
  };
}

/** Changes a target group's settings. */
export async function applyChanges(
  aws: Aws,
  arn: string,
  { healthCheck, delay, crossZone }: GroupChanges,
): Promise<void> {
  const [client, { ModifyTargetGroupCommand, ModifyTargetGroupAttributesCommand }] = await elbv2(aws);
  if (healthCheck !== undefined) {
    const request = { TargetGroupArn: arn, ...healthCheckRequest(healthCheck) };
    await client.send(new ModifyTargetGroupCommand(request));
  }
  const Attributes = [
    ...(delay === undefined ? [] : [{ Key: DELAY_ATTRIBUTE, Value: String(delay) }]),
    ...(crossZone ? [{ Key: CROSS_ZONE_ATTRIBUTE, Value: "true" }] : []),
  ];
  if (Attributes.length > 0) {
    await client.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
  }
}
