import { assertEquals } from "@std/assert";
import type { Shape } from "../../../../src/sandbox/wire/action.ts";
import { eventually } from "../../../support/kas.ts";
import { at } from "../output.ts";
import { A, assertCode, B, startElbV2, STOPPED, SUBNETS, WEB } from "./fixture.ts";

const UNKNOWN_ARN = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/no/0123456789abcdef";

Deno.test("a target is unused until a listener forwards to its target group, then initial, then healthy", async () => {
  await using aws = await startElbV2();
  await aws.register(A);
  assertEquals(await aws.health(A), "unused Target.NotInUse");
  assertEquals(await aws.health(B), "unused Target.NotRegistered");
  aws.faults.unhealthy.add(A);
  await aws.call("CreateListener", aws.listener);
  await aws.until(A, "initial Elb.InitialHealthChecking");
  aws.faults.unhealthy.clear();
  await aws.until(A, "healthy");
  assertEquals(await (await fetch(aws.url)).text(), A);
});

Deno.test("a target that fails its health checks is unhealthy and gets no requests, and a stopped target is unused", async () => {
  await using aws = await startElbV2();
  await aws.call("CreateListener", aws.listener);
  await aws.register(A, B);
  for (const id of [A, B]) await aws.until(id, "healthy");
  aws.faults.unhealthy.add(A);
  await aws.until(A, "unhealthy Target.FailedHealthChecks");
  for (let i = 0; i < 3; i++) assertEquals(await (await fetch(aws.url)).text(), B);
  await aws.ec2.service["StopInstances"]?.({ InstanceIds: [B] });
  await aws.until(B, "unused Target.InvalidState");
  // Without a healthy target, the group fails open.
  assertEquals(await (await fetch(aws.url)).text(), A);
});

Deno.test("a target drains for the whole delay even without requests, and its requests finish", async () => {
  await using aws = await startElbV2({ delay: "60" });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  await aws.until(A, "healthy");
  aws.machines.hold = true;
  const work = fetch(aws.url);
  await eventually(() => aws.machines.held.get(A)?.length, (n) => n === 1);
  const begun = performance.now();
  await aws.deregister(A);
  assertEquals(await aws.health(A), "draining Target.DeregistrationInProgress");
  for (const go of aws.machines.held.get(A) ?? []) go();
  assertEquals(await (await work).text(), A);
  assertEquals(await aws.health(A), "draining Target.DeregistrationInProgress");
  assertEquals(await (await fetch(aws.url)).text(), "no instance in service\n");
  await aws.until(A, "unused Target.NotRegistered");
  // 60 s, a hundred times faster.
  assertEquals(performance.now() - begun >= 590, true);
});

Deno.test("after the delay, draining ends and aborts the requests in progress; a delay of 0 aborts them immediately", async () => {
  for (const delay of ["10", "0"]) {
    await using aws = await startElbV2({ delay });
    await aws.call("CreateListener", aws.listener);
    await aws.register(A);
    await aws.until(A, "healthy");
    aws.machines.hold = true;
    const work = fetch(aws.url);
    await eventually(() => aws.machines.held.get(A)?.length, (n) => n === 1);
    await aws.deregister(A);
    if (delay === "0") assertEquals(await aws.health(A), "unused Target.NotRegistered");
    const answer = await work;
    assertEquals([answer.status, await answer.text()], [504, "the instance did not respond\n"]);
    for (const go of aws.machines.held.get(A) ?? []) go();
  }
});

Deno.test("a target that is registered again during its draining returns to service", async () => {
  await using aws = await startElbV2();
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  await aws.until(A, "healthy");
  await aws.deregister(A);
  await aws.register(A);
  await aws.until(A, "healthy");
  // The deregistration of an unregistered target succeeds.
  await aws.deregister(B);
});

Deno.test("a target group whose load balancer was deleted is unused, and can be deleted", async () => {
  await using aws = await startElbV2();
  await aws.call("CreateListener", aws.listener);
  await aws.register(A);
  await aws.until(A, "healthy");
  await assertCode("ResourceInUse", () => aws.call("DeleteTargetGroup", { TargetGroupArn: aws.group }));
  await aws.call("DeleteLoadBalancer", { LoadBalancerArn: aws.balancer });
  await aws.call("DeleteLoadBalancer", { LoadBalancerArn: aws.balancer });
  assertEquals(await aws.health(A), "unused Target.NotInUse");
  // A target of an unused group has no requests, so that it is removed at once.
  await aws.deregister(A);
  assertEquals(await aws.health(A), "unused Target.NotRegistered");
  await aws.call("DeleteTargetGroup", { TargetGroupArn: aws.group });
  await assertCode("TargetGroupNotFound", () => aws.health(A));
});

Deno.test("DescribeTargetGroups returns the settings of CreateTargetGroup", async () => {
  await using aws = await startElbV2();
  const TargetGroupArn = aws.group;
  const told = async (name: string) =>
    at(await aws.call("DescribeTargetGroups", { Names: ["web"] }), `TargetGroups.0.${name}`);
  assertEquals([await told("HealthCheckPort"), await told("HealthCheckPath")], ["traffic-port", "/ping"]);
  assertEquals(await told("LoadBalancerArns"), []);
  await aws.call("CreateListener", aws.listener);
  assertEquals(await told("LoadBalancerArns"), [aws.balancer]);
  await aws.call("ModifyTargetGroup", {
    TargetGroupArn,
    HealthCheckPort: "30000",
    HealthyThresholdCount: "3",
  });
  assertEquals([await told("HealthCheckPort"), await told("HealthyThresholdCount")], ["30000", 3]);
  assertEquals([await told("HealthCheckPath"), await told("HealthCheckIntervalSeconds")], ["/ping", 5]);
  const again = await aws.call("DescribeTargetGroupAttributes", { TargetGroupArn });
  assertEquals(at(again, "Attributes.0"), { Key: "deregistration_delay.timeout_seconds", Value: "300" });
  const listed = await aws.call("DescribeListeners", { LoadBalancerArn: aws.balancer });
  assertEquals(at(listed, "Listeners.0.DefaultActions.0.TargetGroupArn"), aws.group);
});

Deno.test("invalid requests to ELB v2 fail with AWS's error codes", async () => {
  await using aws = await startElbV2();
  const group = (more: Shape) => ({ TargetGroupArn: aws.group, ...more });
  const created = await aws.call("CreateListener", aws.listener);
  const other = await aws.call("CreateLoadBalancer", { Name: "other", Subnets: SUBNETS });
  const cases: readonly [code: string, action: string, input: Shape][] = [
    ["TargetGroupNotFound", "DescribeTargetHealth", { TargetGroupArn: UNKNOWN_ARN }],
    ["TargetGroupNotFound", "RegisterTargets", { TargetGroupArn: UNKNOWN_ARN, Targets: [{ Id: A }] }],
    ["TargetGroupNotFound", "DescribeTargetGroups", { TargetGroupArns: [UNKNOWN_ARN] }],
    ["LoadBalancerNotFound", "DescribeLoadBalancers", { Names: ["no"] }],
    ["LoadBalancerNotFound", "DescribeListeners", { LoadBalancerArn: UNKNOWN_ARN }],
    ["ListenerNotFound", "DeleteListener", { ListenerArn: UNKNOWN_ARN }],
    ["InvalidTarget", "RegisterTargets", group({ Targets: [{ Id: A }, { Id: STOPPED }] })],
    ["InvalidTarget", "RegisterTargets", group({ Targets: [{ Id: "i-0badc0de" }] })],
    ["ValidationError", "RegisterTargets", group({ Targets: [{ Id: A, Port: "70000" }] })],
    ["ValidationError", "ModifyTargetGroup", group({ HealthCheckTimeoutSeconds: "5" })],
    ["ValidationError", "ModifyTargetGroup", group({ HealthCheckPath: "ping" })],
    ["ValidationError", "ModifyTargetGroupAttributes", group({ Attributes: [{ Key: "color", Value: "1" }] })],
    ["DuplicateTargetGroupName", "CreateTargetGroup", { ...WEB, Port: "80" }],
    ["DuplicateLoadBalancerName", "CreateLoadBalancer", {
      Name: "web",
      Subnets: SUBNETS,
      Scheme: "internal",
    }],
    ["ValidationError", "CreateLoadBalancer", { Name: "one", Subnets: SUBNETS.slice(0, 1) }],
    ["DuplicateListener", "CreateListener", { ...aws.listener, Tags: [{ Key: "a", Value: "b" }] }],
    [
      "TargetGroupAssociationLimit",
      "CreateListener",
      { ...aws.listener, LoadBalancerArn: at(other, "LoadBalancers.0.LoadBalancerArn") },
    ],
    ["UnsupportedProtocol", "CreateListener", { ...aws.listener, Protocol: "UDP", Port: "53" }],
    ["ValidationError", "CreateListener", { ...aws.listener, Protocol: "HTTPS", Port: "443" }],
    ["ValidationError", "CreateListener", { ...aws.listener, Protocol: "TCP", Port: "443" }],
  ];
  for (const [code, action, input] of cases) await assertCode(code, () => aws.call(action, input));
  assertEquals(await aws.health(A), "unused Target.NotRegistered");
  await aws.call("DeleteListener", { ListenerArn: at(created, "Listeners.0.ListenerArn") });
});
