/**
 * What the sandbox's account has for load balancers, read with the SDK.
 *
 * @module
 */
import { DescribeSecurityGroupsCommand, type EC2Client, type SecurityGroup } from "@aws-sdk/client-ec2";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  type TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Aws, connect } from "../../../../src/aws/clients.ts";
import { VPC } from "../../../../src/sandbox/ec2/zones.ts";
import { type Fleet, fleet } from "../../../unit/admin/fleet.ts";

/** The load balancers, target groups, listeners and security groups of an account, and clients. */
export interface Account {
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly ec2: Pick<EC2Client, "send">;
  readonly balancers: readonly LoadBalancer[];
  readonly groups: readonly TargetGroup[];
  readonly listeners: readonly Listener[];
  readonly SecurityGroups: readonly SecurityGroup[];
}

/** What the account has for load balancers. */
export async function account(f: Fleet): Promise<Account> {
  const elb = brief(f, (aws) => aws.elbv2());
  const ec2 = brief(f, (aws) => aws.ec2());
  const { LoadBalancers = [] } = await elb.send(new DescribeLoadBalancersCommand({}));
  const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const listeners = await Promise.all(
    LoadBalancers.map(async ({ LoadBalancerArn }) =>
      (await elb.send(new DescribeListenersCommand({ LoadBalancerArn }))).Listeners ?? []
    ),
  );
  return {
    elb,
    ec2,
    balancers: LoadBalancers,
    groups: TargetGroups,
    listeners: listeners.flat(),
    SecurityGroups,
  };
}

/** Returns a client that opens a connection for each request, and closes it, so that no test has to close the client. */
function brief<C extends { readonly send: unknown }>(
  f: Fleet,
  client: (aws: Aws) => Promise<C>,
): Pick<C, "send"> {
  const send = async (command: never) => {
    using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
    const opened = await client(aws) as { readonly send: (command: never) => Promise<unknown> };
    return await opened.send(command);
  };
  return { send } as unknown as Pick<C, "send">;
}

/** Returns the rules of each security group as text: `default: tcp 30000 from kas-kas-balancer`. */
export function rulesOf(groups: readonly SecurityGroup[]): string[] {
  const nameOf = new Map(groups.map(({ GroupId, GroupName }) => [GroupId, GroupName]));
  return groups.flatMap(({ GroupName, VpcId, IpPermissions = [] }) =>
    IpPermissions.flatMap(({ IpProtocol, FromPort, IpRanges = [], UserIdGroupPairs = [] }) =>
      [
        ...IpRanges.map(({ CidrIp }) => CidrIp),
        ...UserIdGroupPairs.map(({ GroupId }) => nameOf.get(GroupId)),
      ].map((source) =>
        `${GroupName}${VpcId === VPC ? "" : " elsewhere"}: ${IpProtocol} ${FromPort} from ${source}`
      )
    )
  ).filter((rule) => !/default.* -1 .* from default/.test(rule));
}

/** Starts an empty sandbox with a running base instance. */
export async function withBase(): Promise<Fleet> {
  const f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role base");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  return f;
}
