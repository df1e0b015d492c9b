import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
} from "@aws-sdk/client-ec2";
import { DescribeLoadBalancersCommand } from "@aws-sdk/client-elastic-load-balancing";
import { assertEquals, assertRejects } from "@std/assert";
import { startSandbox } from "../../../../src/sandbox/sandbox.ts";
import { FAST } from "../../../e2e/contract/backends.ts";
import { at } from "../output.ts";
import { clients } from "../sdk.ts";

const GroupId = "sg-00000000000000001";
const WORKERS = { IpProtocol: "tcp", FromPort: 30_000, ToPort: 30_000, IpRanges: [{ CidrIp: "10.0.0.0/8" }] };

Deno.test("an instance without security groups belongs to the VPC's default group, which admits only its members", async () => {
  await using sandbox = await startSandbox(FAST);
  using aws = clients(sandbox.url);
  const instances = await aws.ec2.send(new DescribeInstancesCommand({}));
  assertEquals(at(instances, "Reservations.*.Instances.*.SecurityGroups.*.GroupId"), [GroupId, GroupId]);
  const balancers = await aws.elb.send(new DescribeLoadBalancersCommand({}));
  assertEquals(at(balancers, "LoadBalancerDescriptions.0.SecurityGroups.0"), GroupId);
  const groups = await aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  assertEquals(at(groups, "SecurityGroups.*.GroupName"), ["default"]);
  assertEquals(at(groups, "SecurityGroups.0.IpPermissions.0.IpProtocol"), "-1");
  assertEquals(at(groups, "SecurityGroups.0.IpPermissions.0.UserIdGroupPairs.0.GroupId"), GroupId);
});

Deno.test("a security group rule can be authorized once, described, and revoked once", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true });
  using aws = clients(sandbox.url);
  const request = { GroupId, IpPermissions: [WORKERS] };
  const rules = async () => {
    const Filters = [{ Name: "group-id", Values: [GroupId] }];
    const { SecurityGroups } = await aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    return (SecurityGroups?.[0]?.IpPermissions ?? []).map(({ IpProtocol, FromPort, ToPort, IpRanges }) =>
      `${IpProtocol} ${FromPort}-${ToPort} ${IpRanges?.map(({ CidrIp }) => CidrIp)}`
    );
  };
  const before = await rules();
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(request));
  assertEquals(await rules(), [...before, "tcp 30000-30000 10.0.0.0/8"]);
  await refused(
    aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(request)),
    "InvalidPermission.Duplicate",
  );
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand(request));
  assertEquals(await rules(), before);
  await refused(aws.ec2.send(new RevokeSecurityGroupIngressCommand(request)), "InvalidPermission.NotFound");
});

Deno.test("AuthorizeSecurityGroupIngress with DryRun changes nothing, and an unknown group is an error", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true });
  using aws = clients(sandbox.url);
  const authorize = (more: object) =>
    aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [WORKERS], ...more }));
  await refused(authorize({ DryRun: true }), "DryRunOperation");
  await authorize({});
  await refused(authorize({ GroupId: "sg-0dead" }), "InvalidGroup.NotFound");
  await refused(
    aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: ["sg-0dead"] })),
    "InvalidGroup.NotFound",
  );
});

async function refused(call: Promise<unknown>, code: string): Promise<void> {
  const error = await assertRejects(() => call, Error);
  assertEquals(error.name, code);
}
