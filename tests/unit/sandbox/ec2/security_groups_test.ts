import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
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

Deno.test("a security group can be created with tags, found by them, changed and deleted; its name is unique in the VPC", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true });
  using aws = clients(sandbox.url);
  const Tags = [{ Key: "kas:created-by", Value: "setup" }];
  const group = {
    GroupName: "web",
    Description: "load balancer",
    TagSpecifications: [{ ResourceType: "security-group" as const, Tags }],
  };
  const { GroupId: id = "" } = await aws.ec2.send(new CreateSecurityGroupCommand(group));
  await refused(aws.ec2.send(new CreateSecurityGroupCommand(group)), "InvalidGroup.Duplicate");
  await refused(
    aws.ec2.send(new CreateSecurityGroupCommand({ ...group, GroupName: "sg-web" })),
    "InvalidParameterValue",
  );
  const Filters = [{ Name: "tag:kas:created-by", Values: ["setup"] }];
  const found = async () => {
    const { SecurityGroups } = await aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    return (SecurityGroups ?? []).map(({ GroupName, Description }) => [GroupName, Description]);
  };
  assertEquals(await found(), [["web", "load balancer"]]);
  await aws.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "kas:fleet", Value: "web" }] }));
  const described = await aws.ec2.send(new DescribeTagsCommand({}));
  assertEquals(at(described, "Tags.*.ResourceType"), ["security-group", "security-group"]);

  // The default group admits members of the group, so that the group is in use.
  const admit = {
    GroupId,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: id }] }],
  };
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(admit));
  await refused(aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), "DependencyViolation");
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand(admit));
  await aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }));
  assertEquals(await found(), []);
  await refused(aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId })), "CannotDelete");
});

Deno.test("with read-lag, a change of a new security group fails for a while, as its creation is not known everywhere", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true, faults: ["stale-reads=1h"] });
  using aws = clients(sandbox.url);
  const group = { GroupName: "web", Description: "load balancer" };
  const { GroupId: id } = await aws.ec2.send(new CreateSecurityGroupCommand(group));
  const authorize = new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: [WORKERS] });
  await refused(aws.ec2.send(authorize), "InvalidGroup.NotFound");
  sandbox.faults.set("stale-reads=0s");
  await aws.ec2.send(authorize);
});

Deno.test("an IPv6 network and a description belong to a rule, and the description does not tell rules apart", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true });
  using aws = clients(sandbox.url);
  const rule = (Description: string) => ({
    GroupId,
    IpPermissions: [{
      IpProtocol: "tcp",
      FromPort: 443,
      ToPort: 443,
      IpRanges: [{ CidrIp: "0.0.0.0/0", Description }],
      Ipv6Ranges: [{ CidrIpv6: "::/0", Description }],
    }],
  });
  await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(rule("clients")));
  await refused(
    aws.ec2.send(new AuthorizeSecurityGroupIngressCommand(rule("others"))),
    "InvalidPermission.Duplicate",
  );
  const groups = await aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  const permission = at(groups, "SecurityGroups.0.IpPermissions.1");
  assertEquals(at(permission, "IpRanges.0"), { CidrIp: "0.0.0.0/0", Description: "clients" });
  assertEquals(at(permission, "Ipv6Ranges.0"), { CidrIpv6: "::/0", Description: "clients" });
});

Deno.test("DescribeVpcs and DescribeSubnets find the default VPC and its subnet in each zone", async () => {
  await using sandbox = await startSandbox({ ...FAST, empty: true });
  using aws = clients(sandbox.url);
  const vpcs = await aws.ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
  );
  const [VpcId] = at(vpcs, "Vpcs.*.VpcId") as string[];
  const subnets = async (Name: string, value = "") =>
    at(
      await aws.ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name, Values: [value] }] })),
      "Subnets.*.AvailabilityZone",
    );
  assertEquals(await subnets("vpc-id", VpcId), ["eu-west-1a", "eu-west-1b"]);
  assertEquals(await subnets("default-for-az", "true"), ["eu-west-1a", "eu-west-1b"]);
  assertEquals(await subnets("availability-zone", "eu-west-1a"), ["eu-west-1a", "eu-west-1a"]);
  sandbox.faults.set("no-default-vpc=on");
  assertEquals(await subnets("default-for-az", "true"), []);
  await refused(
    aws.ec2.send(new DescribeSubnetsCommand({ SubnetIds: ["subnet-9"] })),
    "InvalidSubnetID.NotFound",
  );
});

async function refused(call: Promise<unknown>, code: string): Promise<void> {
  const error = await assertRejects(() => call, Error);
  assertEquals(error.name, code);
}
