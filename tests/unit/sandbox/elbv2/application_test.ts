import { assertEquals } from "@std/assert";
import { fetchService } from "../../../../src/process/direct.ts";
import { selfSigned } from "../../../../src/sandbox/sns/certificate.ts";
import { at } from "../output.ts";
import { A, assertCode, B, startElbV2, SUBNETS, WEB } from "./fixture.ts";

const CERTIFICATE = "arn:aws:acm:eu-west-1:000000000000:certificate/1";

/** Sends an HTTPS request without verifying the certificate. Returns the body of the answer. */
async function get(url: string): Promise<string> {
  return await (await fetchService(url, { signal: AbortSignal.timeout(10_000) })).text();
}

Deno.test("an HTTPS listener needs a certificate, and forwards to targets whose certificates it does not verify", async () => {
  const group = {
    Protocol: "HTTPS",
    HealthCheckProtocol: "HTTPS",
    HealthCheckPath: "/healthz",
    Port: "8443",
  };
  await using aws = await startElbV2({ group });
  const { pem, privateKey } = selfSigned("target.invalid");
  const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  await using stack = new AsyncDisposableStack();
  const closed = new AbortController();
  const { finished } = Deno.serve(
    { hostname: aws.address(A), port: 8_443, cert: pem, key, signal: closed.signal, onListen: () => {} },
    async (request) => new Response(`${new URL(request.url).pathname} ${await request.text()}`),
  );
  // The server must not wait for health checks that are in progress: in Deno 2.7 such a connection may never end.
  stack.defer(async () => {
    closed.abort();
    await finished;
  });
  const listener = { ...aws.listener, Protocol: "HTTPS", Port: "8443" };
  await assertCode("ValidationError", () => aws.call("CreateListener", listener));
  const Certificates = [{ CertificateArn: "arn:aws:s3:::no" }];
  await assertCode("CertificateNotFound", () => aws.call("CreateListener", { ...listener, Certificates }));
  await aws.call("CreateListener", { ...listener, Certificates: [{ CertificateArn: CERTIFICATE }] });
  await aws.register(A);
  await aws.until(A, "healthy");
  assertEquals(await get(`https://${aws.host}:8443/path`), "/path ");
});

Deno.test("an instance can be a target at several ports, each with a health and a draining of its own", async () => {
  await using aws = await startElbV2();
  await aws.call("CreateListener", aws.listener);
  await using server = Deno.serve(
    { hostname: aws.address(A), port: 30_001, onListen: () => {} },
    () => new Response("second"),
  );
  await aws.register(A, `${A}:30001`);
  await aws.until(A, "healthy");
  await aws.until(`${A}:30001`, "healthy");
  const answers = [await (await fetch(aws.url)).text(), await (await fetch(aws.url)).text()];
  assertEquals(answers.toSorted(), [A, "second"]);
  await aws.deregister(A);
  assertEquals(await aws.health(A), "draining Target.DeregistrationInProgress");
  assertEquals(await aws.health(`${A}:30001`), "healthy");
  const listed = await aws.call("DescribeTargetHealth", { TargetGroupArn: aws.group });
  assertEquals(at(listed, "TargetHealthDescriptions.*.Target.Port"), [30_000, 30_001]);
  await server.shutdown();
  await aws.until(`${A}:30001`, "unhealthy Target.FailedHealthChecks");
});

Deno.test("a repeated creation with the same settings returns the existing resource, and with other settings fails", async () => {
  await using aws = await startElbV2();
  const arn = async (action: string, input: object, path: string) =>
    at(await aws.call(action, { ...input }), path);
  const listener = await arn("CreateListener", aws.listener, "Listeners.0.ListenerArn");
  assertEquals(await arn("CreateListener", aws.listener, "Listeners.0.ListenerArn"), listener);
  assertEquals(await arn("CreateTargetGroup", WEB, "TargetGroups.0.TargetGroupArn"), aws.group);
  const balancer = { Name: "web", Subnets: SUBNETS };
  assertEquals(await arn("CreateLoadBalancer", balancer, "LoadBalancers.0.LoadBalancerArn"), aws.balancer);
  const Tags = [{ Key: "kas:fleet", Value: "kas" }];
  await assertCode("DuplicateTargetGroupName", () => aws.call("CreateTargetGroup", { ...WEB, Tags }));
  await assertCode("DuplicateLoadBalancerName", () => aws.call("CreateLoadBalancer", { ...balancer, Tags }));
});

Deno.test("tags of load balancers, target groups and listeners can be set at creation, added, described and removed", async () => {
  await using aws = await startElbV2();
  const created = await aws.call("CreateListener", { ...aws.listener, Tags: [{ Key: "a", Value: "1" }] });
  const ResourceArns = [aws.balancer, aws.group, at(created, "Listeners.0.ListenerArn")];
  const tags = async () => {
    const described = await aws.call("DescribeTags", { ResourceArns });
    return at(described, "TagDescriptions.*.Tags.*") as { Key: string; Value: string }[];
  };
  assertEquals(await tags(), [{ Key: "a", Value: "1" }]);
  await aws.call("AddTags", { ResourceArns, Tags: [{ Key: "a", Value: "2" }] });
  assertEquals((await tags()).map(({ Value }) => Value), ["2", "2", "2"]);
  await aws.call("RemoveTags", { ResourceArns, TagKeys: ["a"] });
  assertEquals(await tags(), []);
  const twice = [{ Key: "b", Value: "1" }, { Key: "b", Value: "2" }];
  await assertCode("DuplicateTagKeys", () => aws.call("AddTags", { ResourceArns, Tags: twice }));
  await assertCode("ValidationError", () => aws.call("DescribeTags", { ResourceArns: ["web"] }));
});

Deno.test("a new target group has the default health check of its protocol", async () => {
  await using aws = await startElbV2();
  const { VpcId } = WEB;
  const check = async (Name: string, Protocol: string, more: object = {}) => {
    const created = await aws.call("CreateTargetGroup", { Name, Protocol, Port: "80", VpcId, ...more });
    const group = at(created, "TargetGroups.0");
    return ["HealthCheckProtocol", "HealthCheckTimeoutSeconds", "HealthCheckPath", "Matcher.HttpCode"]
      .map((name) => at(group, name));
  };
  assertEquals(await check("http", "HTTP"), ["HTTP", 5, "/", "200"]);
  assertEquals(await check("https", "HTTPS"), ["HTTP", 5, "/", "200"]);
  assertEquals(await check("tcp", "TCP"), ["TCP", 10, undefined, undefined]);
  assertEquals(await check("tcp-http", "TCP", { HealthCheckProtocol: "HTTP" }), ["HTTP", 6, "/", "200-399"]);
  const refused: readonly [code: string, protocol: string, more: object][] = [
    ["InvalidConfigurationRequest", "HTTP", { HealthCheckProtocol: "TCP" }],
    ["InvalidConfigurationRequest", "TCP", { HealthCheckPath: "/" }],
    ["ValidationError", "HTTP", { Matcher: { HttpCode: "500" } }],
    // The default timeout of 10 s is not shorter than the interval.
    ["ValidationError", "TCP", { HealthCheckIntervalSeconds: "10" }],
  ];
  for (const [code, protocol, more] of refused) await assertCode(code, () => check("no", protocol, more));
});

Deno.test("subnets decide which targets a load balancer reaches, and SetSubnets changes them", async () => {
  await using aws = await startElbV2({ network: true });
  const LoadBalancerArn = aws.balancer;
  await aws.call("SetSubnets", { LoadBalancerArn, Subnets: SUBNETS.slice(0, 1) });
  await aws.call("CreateListener", aws.listener);
  await aws.register(A, B);
  await aws.until(A, "healthy");
  assertEquals(await aws.health(B), "unused Target.NotInUse");
  await aws.call("SetSubnets", { LoadBalancerArn, Subnets: SUBNETS });
  await aws.until(B, "healthy");
  await assertCode(
    "SubnetNotFound",
    () => aws.call("SetSubnets", { LoadBalancerArn, Subnets: ["subnet-9"] }),
  );
});

Deno.test("a deleted load balancer uses its security groups and target groups for the time of deletion-lag", async () => {
  await using aws = await startElbV2({ faults: ["deletion-lag=10s"] });
  const made = await aws.ec2.service["CreateSecurityGroup"]?.({ GroupName: "web", GroupDescription: "web" });
  const GroupId = at(made, "GroupId");
  const ec2 = async (action: string) => void await aws.ec2.service[action]?.({ GroupId });
  await aws.call("SetSecurityGroups", { LoadBalancerArn: aws.balancer, SecurityGroups: [GroupId] });
  await aws.call("CreateListener", aws.listener);
  await assertCode("DependencyViolation", () => ec2("DeleteSecurityGroup"));
  await aws.call("DeleteLoadBalancer", { LoadBalancerArn: aws.balancer });
  await assertCode("DependencyViolation", () => ec2("DeleteSecurityGroup"));
  await assertCode("ResourceInUse", () => aws.call("DeleteTargetGroup", { TargetGroupArn: aws.group }));
  await aws.account.waitUntil(() => aws.account.current.lingering.size === 0);
  await ec2("DeleteSecurityGroup");
  await aws.call("DeleteTargetGroup", { TargetGroupArn: aws.group });
});
