/**
 * Creates an Application Load Balancer with a target group with the SDK alone, as an operator does before using kas.
 *
 * @module
 */
import { DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { balancerRef, type TargetGroupsRef } from "../../../src/aws/balancing/balancer.ts";
import type { Aws } from "../../../src/aws/clients.ts";

/** A target group and its load balancer. */
export interface Made {
  readonly ref: TargetGroupsRef;
  readonly dnsName: string;
  readonly loadBalancerArn: string;
}

/** Creates a target group and, unless it is `unused`, a load balancer that forwards port 30000 to it. */
export async function makeTargetGroup(
  { aws }: { readonly aws: Aws },
  name: string,
  {
    unused = false,
    healthCheck = { HealthCheckPath: "/ping", HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2 },
  } = {},
): Promise<Made> {
  const elb = await aws.elbv2();
  const { subnets, vpc } = await network(aws);
  const group = { Name: name, Protocol: "HTTP", Port: 30_000, VpcId: vpc, TargetType: "instance" } as const;
  const { TargetGroups } = await elb.send(new CreateTargetGroupCommand({ ...group, ...healthCheck }));
  const arn = TargetGroups?.[0]?.TargetGroupArn ?? "";
  const ref = balancerRef({ fleet: name, targetGroup: [arn] });
  if (ref.kind !== "target-groups") throw new TypeError(`${arn} is not the ARN of a target group`);
  if (unused) return { ref, dnsName: "", loadBalancerArn: "" };

  const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: name, Subnets: subnets }));
  const { LoadBalancerArn = "", DNSName = "" } = LoadBalancers?.[0] ?? {};
  const DefaultActions = [{ Type: "forward", TargetGroupArn: arn }] as const;
  await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: "HTTP",
      Port: 30_000,
      DefaultActions: [...DefaultActions],
    }),
  );
  return { ref, dnsName: DNSName, loadBalancerArn: LoadBalancerArn };
}

/** The default VPC, and its default subnet in each zone. */
async function network(aws: Aws): Promise<{ subnets: string[]; vpc: string }> {
  const Filters = [{ Name: "default-for-az", Values: ["true"] }];
  const { Subnets = [] } = await (await aws.ec2()).send(new DescribeSubnetsCommand({ Filters }));
  return { subnets: Subnets.map(({ SubnetId }) => SubnetId ?? ""), vpc: Subnets[0]?.VpcId ?? "" };
}
