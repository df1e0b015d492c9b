/**
 * `kas admin setup --balancer application|network` and `kas admin teardown` in the sandbox. The tests read the account with the SDK.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from "@aws-sdk/client-ec2";
import {
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DeleteListenerCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  ModifyTargetGroupAttributesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { OTHER_VPC, subnetOf, VPC } from "../../../../src/sandbox/ec2/zones.ts";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";
import { between, denial } from "../between.ts";
import { account, rulesOf, withBase } from "./account.ts";

const WEB = "setup --balancer application --listen http:8080 --forward 30000 --health-check /ping";
const DB = "setup --balancer network --listen tcp:5432 --forward 30000";
const TAGS = [{ Key: "kas:created-by", Value: "setup" }, { Key: "kas:fleet", Value: "kas" }];

for (
  const [type, words, listener, checks, attributes] of [
    ["application", WEB, "HTTP 8080", "HTTP traffic-port /ping", {}],
    ["network", DB, "TCP 5432", "TCP traffic-port undefined", {
      "load_balancing.cross_zone.enabled": "true",
    }],
  ] as const
) {
  Deno.test(`setup creates everything for ${type === "application" ? "an" : "a"} ${type} load balancer with tags, the second run changes nothing, and teardown leaves nothing`, async () => {
    await using f = await withBase();
    const before = await account(f);
    const rows = await f.rows(words);
    assertEquals(rows.slice(0, 8).map(({ resource, action }) => `${resource} ${action}`), [
      "topic created",
      "security-group created",
      "rule created",
      "target-group created",
      "balancer created",
      "listener created",
      "rule created",
      "instance registered",
    ]);
    const found = await account(f);
    const [balancer, group, made] = [found.balancers[0], found.groups[0], found.listeners[0]];
    assertEquals([balancer?.Type, balancer?.State?.Code, balancer?.LoadBalancerName], [
      type,
      "active",
      "kas",
    ]);
    assertEquals(balancer?.AvailabilityZones?.map(({ ZoneName }) => ZoneName), ["eu-west-1a", "eu-west-1b"]);
    assertEquals(`${made?.Protocol} ${made?.Port}`, listener);
    assertEquals(made?.DefaultActions?.[0]?.TargetGroupArn, group?.TargetGroupArn);
    assertEquals([group?.TargetGroupName, group?.Port, group?.TargetType, group?.VpcId], [
      "kas",
      30_000,
      "instance",
      VPC,
    ]);
    assertEquals(`${group?.HealthCheckProtocol} ${group?.HealthCheckPort} ${group?.HealthCheckPath}`, checks);
    const port = made?.Port;
    assertEquals(rulesOf(found.SecurityGroups), [
      "default: tcp 30000 from kas-kas-balancer",
      `kas-kas-balancer: tcp ${port} from 0.0.0.0/0`,
    ]);
    const arns = [balancer?.LoadBalancerArn, group?.TargetGroupArn, made?.ListenerArn].map(String);
    const { TagDescriptions = [] } = await found.elb.send(new DescribeTagsCommand({ ResourceArns: arns }));
    assertEquals(TagDescriptions.map(({ Tags }) => Tags), [TAGS, TAGS, TAGS]);
    assertEquals(found.SecurityGroups.find(({ GroupName }) => GroupName !== "default")?.Tags, TAGS);
    const TargetGroupArn = group?.TargetGroupArn;
    const { Attributes = [] } = await found.elb.send(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn }),
    );
    const values = Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value]));
    assertEquals(values["deregistration_delay.timeout_seconds"], "120");
    for (const [key, value] of Object.entries(attributes)) assertEquals(values[key], value);
    assertEquals(rows.find(({ resource }) => resource === "target-group")?.["arn"], TargetGroupArn);

    const [listed] = await f.rows("balancers");
    assertEquals([listed?.["name"], listed?.["dns_name"], listed?.["instance"]], [
      "kas",
      balancer?.DNSName,
      BASE,
    ]);

    f.changes();
    for (
      const again of [words, `setup --balancer ${type}`, "setup", `setup --target-group ${TargetGroupArn}`]
    ) {
      const repeated = (await f.rows(again)).filter(({ resource }) => resource !== "monitoring");
      assertEquals(new Set(repeated.map(({ action }) => action)), new Set(["unchanged"]));
    }
    assertEquals(f.changes(), []);

    const torn = await f.rows("teardown --instances --yes");
    assertEquals(torn.filter(({ resource }) => resource !== "alarm").map(({ resource }) => resource), [
      "topic",
      "instance",
      "balancer",
      "target-group",
      "rule",
      "security-group",
    ]);
    const { balancers, groups, SecurityGroups } = await account(f);
    assertEquals([balancers, groups, SecurityGroups], [
      before.balancers,
      before.groups,
      before.SecurityGroups,
    ]);
    assertEquals((await f.rows("teardown --instances --yes")).length, 0);
  });
}

Deno.test("setup in an empty account creates the load balancer in the default VPC, and the next run adds the first instance", async () => {
  await using f = await fleet({ empty: true });
  const first = await f.kas(WEB);
  assertEquals([first.status, (await account(f)).balancers[0]?.VpcId], [0, VPC]);
  assertMatch(first.err, /no instances[^]*export KAS_TARGET_GROUP=arn:\S+:targetgroup\/kas\//);
  await f.rows("instances create --image ami-1 --role base");
  const rows = await f.rows("setup --balancer application");
  const changed = rows.filter(({ action }) => action !== "unchanged").map(({ resource, action }) =>
    `${resource} ${action}`
  );
  assertEquals(changed, ["rule created", "instance registered", "alarm created", "alarm created"]);
});

Deno.test("setup repairs what somebody has deleted or changed since", async () => {
  await using f = await withBase();
  await f.rows(WEB);
  const { elb, ec2, listeners: [listener], groups: [group], SecurityGroups } = await account(f);
  const GroupId = SecurityGroups.find(({ GroupName, VpcId }) => GroupName === "default" && VpcId === VPC)
    ?.GroupId;
  const source = SecurityGroups.find(({ GroupName }) => GroupName === "kas-kas-balancer")?.GroupId;
  const description = { GroupId: source, Description: "kas:created-by=setup" };
  const rule = { IpProtocol: "tcp", FromPort: 30_000, ToPort: 30_000, UserIdGroupPairs: [description] };
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
  const everybody = { IpProtocol: "tcp", FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: source, IpPermissions: [everybody] }));
  await elb.send(new DeleteListenerCommand({ ListenerArn: listener?.ListenerArn }));
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "0" }];
  await elb.send(
    new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group?.TargetGroupArn, Attributes }),
  );
  const changes = (await f.rows(WEB.replace("/ping", "http:30000/ping?full=1")))
    .filter(({ action }) => action !== "unchanged").map(({ resource, action }) => `${resource} ${action}`);
  assertEquals(changes, ["rule created", "target-group updated", "listener created", "rule created"]);
  assertEquals(
    new Set((await f.rows(WEB.replace("/ping", "http:30000/ping?full=1"))).map(({ action }) => action)),
    new Set(["unchanged"]),
  );
});

Deno.test("setup does not open a port again that an operator has restricted to some addresses", async () => {
  await using f = await withBase();
  await f.rows(WEB);
  const { ec2, SecurityGroups } = await account(f);
  const GroupId = SecurityGroups.find(({ GroupName }) => GroupName === "kas-kas-balancer")?.GroupId;
  const rule = (CidrIp: string, [FromPort, ToPort] = [8080, 8080]) => ({
    GroupId,
    IpPermissions: [{ IpProtocol: "tcp", FromPort, ToPort, IpRanges: [{ CidrIp }] }],
  });
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule("198.51.100.0/24", [8000, 8999])));
  await ec2.send(new RevokeSecurityGroupIngressCommand(rule("0.0.0.0/0")));
  f.changes();
  await f.rows(WEB);
  assertEquals(f.changes(), []);
});

Deno.test("an interrupted setup continues, and an interrupted teardown too", async () => {
  await using f = await withBase();
  for (
    const action of [
      "AuthorizeSecurityGroupIngress",
      "CreateTargetGroup",
      "CreateLoadBalancer",
      "CreateListener",
      "RegisterTargets",
    ]
  ) {
    await using denied = between(f, (call) => call.includes(action) ? denial(call) : undefined);
    const { status } = await f.kas(WEB, { env: { AWS_ENDPOINT_URL: denied.url } });
    assertEquals(status, 1, action);
  }
  await f.rows(WEB);
  assertEquals(new Set((await f.rows(WEB)).map(({ action }) => action)), new Set(["unchanged"]));
  for (
    const action of [
      "DeleteLoadBalancer",
      "DeleteTargetGroup|RevokeSecurityGroupIngress",
      "DeleteSecurityGroup",
    ]
  ) {
    const denies = new RegExp(action);
    await using denied = between(f, (call) => denies.test(call) ? denial(call) : undefined);
    const { status } = await f.kas("teardown --yes", { env: { AWS_ENDPOINT_URL: denied.url } });
    assertEquals(status, 1, action);
    const { balancers: [balancer], SecurityGroups } = await account(f);
    // As long as the load balancer exists, it reaches the instances.
    const isAdmitted = rulesOf(SecurityGroups).includes("default: tcp 30000 from kas-kas-balancer");
    assert(balancer === undefined || isAdmitted, action);
  }
  await f.rows("teardown --yes");
  const { balancers, groups, SecurityGroups } = await account(f);
  assertEquals([balancers, groups, rulesOf(SecurityGroups)], [[], [], []]);
});

Deno.test("setup and teardown keep resources of the fleet's name without the tags of setup", async () => {
  await using f = await withBase();
  const { elb } = await account(f);
  const Subnets = ["eu-west-1a", "eu-west-1b"].map((zone) => subnetOf(zone));
  await elb.send(new CreateLoadBalancerCommand({ Name: "kas", Subnets, Tags: TAGS.slice(0, 1) }));
  f.changes();
  const refused = await f.kas(WEB);
  assertEquals([refused.status, refused.out, f.changes()], [1, "", []]);
  assertMatch(refused.err, /load balancer kas/);
  await f.rows("setup --balancer none");
  await f.rows("teardown --yes");
  assertEquals((await account(f)).balancers.map(({ LoadBalancerName }) => LoadBalancerName), ["kas"]);
});

Deno.test("setup --target-group keeps the health check of a target group that it did not create, and teardown keeps the group", async () => {
  await using f = await withBase();
  const { elb } = await account(f);
  const own = { Name: "kas", Protocol: "HTTP", Port: 30_000, VpcId: VPC, HealthCheckPath: "/ready" } as const;
  const { TargetGroups } = await elb.send(new CreateTargetGroupCommand(own));
  const arn = TargetGroups?.[0]?.TargetGroupArn;
  await f.rows(`setup --target-group ${arn}`);
  const check = async () => (await account(f)).groups[0]?.HealthCheckPath;
  assertEquals(await check(), "/ready");
  assertEquals((await f.kas(`setup --target-group ${arn} --forward 80`)).status, 2);
  await f.rows(`setup --target-group ${arn} --health-check /ping`);
  assertEquals(await check(), "/ping");
  await f.rows(`teardown --yes --target-group ${arn}`);
  assertEquals((await account(f)).groups.length, 1);
});

Deno.test("teardown keeps a rule that setup did not make, and then the security group too", async () => {
  await using f = await withBase();
  await f.rows(WEB);
  const { ec2, SecurityGroups } = await account(f);
  const source = SecurityGroups.find(({ GroupName }) => GroupName === "kas-kas-balancer")?.GroupId;
  const GroupId = SecurityGroups.find(({ GroupName, VpcId }) => GroupName === "default" && VpcId === VPC)
    ?.GroupId;
  const rule = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId: source }] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
  const { status, err } = await f.kas("teardown --yes");
  assertEquals(status, 0);
  assertStringIncludes(err, "kas-kas-balancer");
  const left = await account(f);
  assertEquals(rulesOf(left.SecurityGroups).filter((rule) => rule.startsWith("default")), [
    "default: tcp 22 from kas-kas-balancer",
  ]);
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
  assertEquals((await f.rows("teardown --yes")).map(({ resource }) => resource), ["security-group"]);
});

Deno.test("setup takes --subnets, adds the zones of new instances, and admits the load balancer at the port of the health check", async () => {
  await using f = await fleet({ empty: true });
  const [a, b] = ["eu-west-1a", "eu-west-1b"].map((zone) => subnetOf(zone, OTHER_VPC));
  await f.rows(`instances create --image ami-1 --role base --subnet ${a}`);
  await f.rows(`${DB} --subnets ${a} --health-check http:30001/ping`);
  const zones = async () =>
    (await account(f)).balancers[0]?.AvailabilityZones?.map(({ ZoneName }) => ZoneName);
  assertEquals(await zones(), ["eu-west-1a"]);
  assertEquals(rulesOf((await account(f)).SecurityGroups).filter((rule) => rule.startsWith("default")), [
    "default elsewhere: tcp 30000 from kas-kas-balancer",
    "default elsewhere: tcp 30001 from kas-kas-balancer",
  ]);
  await f.rows(`instances create --image ami-1 --subnet ${b}`);
  assertMatch((await f.kas(`${DB} --subnets ${a},${b} --dry-run`)).out, /enable zone eu-west-1b/);
  await f.rows(`${DB} --subnets ${a},${b}`);
  assertEquals(await zones(), ["eu-west-1a", "eu-west-1b"]);
});

Deno.test("setup adds the default subnet of the zone of a new instance", async () => {
  await using f = await withBase();
  await f.rows(`${DB} --subnets ${subnetOf("eu-west-1a")}`);
  await f.rows("instances create --image ami-1");
  await f.rows("setup --balancer network");
  const [balancer] = (await account(f)).balancers;
  assertEquals(balancer?.AvailabilityZones?.map(({ SubnetId }) => SubnetId), [
    subnetOf("eu-west-1a"),
    subnetOf("eu-west-1b"),
  ]);
});

Deno.test("setup waits until AWS has provisioned the load balancer, and teardown until AWS has released what it used", async () => {
  const faults = ["provisioning=120s", "deletion-lag=300s"];
  await using f = await fleet({ empty: true, faults, speed: 200 });
  await f.rows(WEB);
  assertEquals((await account(f)).balancers[0]?.State?.Code, "active");
  await f.rows("teardown --yes");
  assertEquals(rulesOf((await account(f)).SecurityGroups), []);
});

Deno.test("setup --balancer none creates the topic and the alarms only", async () => {
  await using f = await withBase();
  const rows = await f.rows("setup --balancer none");
  assertEquals(rows.map(({ resource }) => resource), ["topic", "alarm", "alarm"]);
  assertEquals(
    new Set((await f.rows("setup --balancer none")).map(({ action }) => action)),
    new Set(["unchanged"]),
  );
  assertEquals((await f.rows(`instances`)).map(({ id }) => id), [BASE]);
});
