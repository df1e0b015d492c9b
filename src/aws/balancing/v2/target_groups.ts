/**
 * Target groups that `kas admin setup` creates.
 *
 * @module
 */
import { type Aws, sendOptions } from "../../clients.ts";
import { isNotFound, listIn } from "../../errors.ts";
import { isOfSetup, setupTags } from "../setup_tags.ts";
import { elbv2 } from "../target_group.ts";
import { type HealthCheckPlan, healthCheckRequest } from "../target_group_settings.ts";
import type { BalancerType } from "./load_balancers.ts";
import { tagsOf } from "./tags.ts";

/** A target group. */
export interface Group {
  readonly arn: string;
  readonly name: string;
  /** AWS's name of the protocol, such as `HTTP`. */
  readonly protocol: string;
  readonly port: number;
  readonly vpc: string;
  /** The port of the health check. */
  readonly healthCheckPort: number;
  /** Whether the tags say that setup created the target group for the fleet. */
  readonly ofSetup: boolean;
}

/** Finds a target group by its name. */
export async function findGroup(
  aws: Aws,
  name: string,
  fleet: string,
  signal?: AbortSignal,
): Promise<Group | undefined> {
  const [client, { DescribeTargetGroupsCommand }] = await elbv2(aws);
  try {
    const command = new DescribeTargetGroupsCommand({ Names: [name] });
    const { TargetGroups } = await client.send(command, sendOptions(signal));
    const [found] = listIn(TargetGroups, "ELB", "target groups");
    if (found === undefined) return undefined;
    const { TargetGroupArn: arn = "", Port: port = 0, HealthCheckPort } = found;
    return {
      arn,
      name,
      protocol: found.Protocol ?? "",
      port,
      vpc: found.VpcId ?? "",
      healthCheckPort: Number(HealthCheckPort) || port,
      ofSetup: isOfSetup(await tagsOf(aws, arn, signal), fleet),
    };
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** The settings of a new target group. */
export interface NewGroup {
  readonly name: string;
  readonly fleet: string;
  readonly type: BalancerType;
  readonly port: number;
  readonly vpc: string;
  readonly healthCheck: HealthCheckPlan;
}

/** The protocol in which a load balancer of a type sends requests to its targets. TLS ends at the load balancer. */
export const TARGET_PROTOCOL = { application: "HTTP", network: "TCP" } as const;

/**
 * An instance is in service after two passed checks (20 s), and out of service after three failed checks (30 s). Both
 * types of load balancers accept these values. Source: ALB and NLB guides, "Health checks".
 */
const TIMINGS = {
  HealthCheckIntervalSeconds: 10,
  HealthCheckTimeoutSeconds: 5,
  HealthyThresholdCount: 2,
  UnhealthyThresholdCount: 3,
} as const;

/** Creates a target group for instances with the tags of setup, and returns its ARN. */
export async function createGroup(aws: Aws, settings: NewGroup): Promise<string> {
  const [client, { CreateTargetGroupCommand }] = await elbv2(aws);
  const command = new CreateTargetGroupCommand({
    Name: settings.name,
    Protocol: TARGET_PROTOCOL[settings.type],
    Port: settings.port,
    VpcId: settings.vpc,
    TargetType: "instance",
    ...healthCheckRequest(settings.healthCheck),
    ...TIMINGS,
    Tags: setupTags(settings.fleet),
  });
  const { TargetGroups } = await client.send(command);
  return listIn(TargetGroups, "ELB", "target groups")[0]?.TargetGroupArn ?? "";
}

/** Deletes a target group. Has no effect if it does not exist. Throws an `isInUse` error while a listener forwards to the group. */
export async function deleteGroup(aws: Aws, arn: string): Promise<void> {
  const [client, { DeleteTargetGroupCommand }] = await elbv2(aws);
  await client.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
}
