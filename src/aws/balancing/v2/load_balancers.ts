/**
 * Application and Network Load Balancers that `kas admin setup` creates.
 *
 * @module
 */
import type { LoadBalancer as SdkLoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Aws, sendOptions } from "../../clients.ts";
import { isNotFound, listIn } from "../../errors.ts";
import { isOfSetup, setupTags } from "../setup_tags.ts";
import { elbv2 } from "../target_group.ts";
import { tagsOf } from "./tags.ts";

/** The types of load balancers that setup creates with a target group. */
export type BalancerType = "application" | "network";

/** A load balancer. */
export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** AWS's name of the type, such as `application`. */
  readonly type: string;
  /** AWS's name of the state: `provisioning`, `active`, `active_impaired` or `failed`. */
  readonly state: string;
  /** AWS's reason for the state. */
  readonly reason: string;
  readonly vpc: string;
  readonly zones: readonly string[];
  readonly subnets: readonly string[];
  /** Whether the tags say that setup created the load balancer for the fleet. */
  readonly ofSetup: boolean;
}

/** Finds a load balancer by its name. */
export async function findLoadBalancer(
  aws: Aws,
  name: string,
  fleet: string,
  signal?: AbortSignal,
): Promise<LoadBalancer | undefined> {
  const [client, { DescribeLoadBalancersCommand }] = await elbv2(aws);
  try {
    const command = new DescribeLoadBalancersCommand({ Names: [name] });
    const { LoadBalancers } = await client.send(command, sendOptions(signal));
    const [found] = listIn(LoadBalancers, "ELB", "load balancers");
    if (found === undefined) return undefined;
    const tags = await tagsOf(aws, found.LoadBalancerArn ?? "", signal);
    return loadBalancerOf(found, isOfSetup(tags, fleet));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

function loadBalancerOf(found: SdkLoadBalancer, ofSetup: boolean): LoadBalancer {
  const { AvailabilityZones = [] } = found;
  return {
    arn: found.LoadBalancerArn ?? "",
    name: found.LoadBalancerName ?? "",
    type: found.Type ?? "",
    state: found.State?.Code ?? "",
    reason: found.State?.Reason ?? "",
    vpc: found.VpcId ?? "",
    zones: AvailabilityZones.map(({ ZoneName }) => ZoneName ?? ""),
    subnets: AvailabilityZones.map(({ SubnetId }) => SubnetId ?? ""),
    ofSetup,
  };
}

/** The settings of a new load balancer. */
export interface NewLoadBalancer {
  readonly name: string;
  readonly fleet: string;
  readonly type: BalancerType;
  /** The ids of the subnets, each in another zone. */
  readonly subnets: readonly string[];
  readonly securityGroup: string;
}

/** Creates a load balancer with the tags of setup, and returns its ARN. It has no listener. */
export async function createLoadBalancer(aws: Aws, settings: NewLoadBalancer): Promise<string> {
  const [client, { CreateLoadBalancerCommand }] = await elbv2(aws);
  const command = new CreateLoadBalancerCommand({
    Name: settings.name,
    Type: settings.type,
    Subnets: [...settings.subnets],
    SecurityGroups: [settings.securityGroup],
    Tags: setupTags(settings.fleet),
  });
  const { LoadBalancers } = await client.send(command);
  return listIn(LoadBalancers, "ELB", "load balancers")[0]?.LoadBalancerArn ?? "";
}

/** Sets the subnets of a load balancer, each in another zone. */
export async function setSubnets(aws: Aws, arn: string, subnets: readonly string[]): Promise<void> {
  const [client, { SetSubnetsCommand }] = await elbv2(aws);
  await client.send(new SetSubnetsCommand({ LoadBalancerArn: arn, Subnets: [...subnets] }));
}

/** Deletes a load balancer and its listeners. Has no effect if it does not exist. Source: elbv2 API, DeleteLoadBalancer. */
export async function deleteLoadBalancer(aws: Aws, arn: string): Promise<void> {
  const [client, { DeleteLoadBalancerCommand }] = await elbv2(aws);
  await client.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
}
