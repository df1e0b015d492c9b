import { assert, assertEquals, assertExists, assertRejects } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import { realClock } from "../../../../src/sandbox/clock.ts";
import { ec2 as makeEc2 } from "../../../../src/sandbox/ec2/service.ts";
import { zones } from "../../../../src/sandbox/ec2/zones.ts";
import { Lifecycle } from "../../../../src/sandbox/ec2/lifecycle.ts";
import { elb as makeElb } from "../../../../src/sandbox/elb/service.ts";
import { Balancers } from "../../../../src/sandbox/elb/balancers.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { Account } from "../../../../src/sandbox/account/account.ts";
import { eventually } from "../../../support/kas.ts";
import { localMachines } from "../machines.ts";
import { at } from "../output.ts";

const REGION = "eu-west-1";
/** The ids of instances: running in zone a, running in zone b, stopped. */
const [A, B, STOPPED] = ["i-00000000000000001", "i-00000000000000002", "i-00000000000000003"] as const;

const KAS = {
  LoadBalancerName: "kas",
  AvailabilityZones: zones(REGION),
  Listeners: [{ Protocol: "HTTP", LoadBalancerPort: "30000", InstancePort: "30000" }],
};

const PING = {
  Target: "HTTP:30000/ping",
  Interval: "5",
  Timeout: "2",
  UnhealthyThreshold: "2",
  HealthyThreshold: "2",
};

/**
 * Starts ELB with the load balancer kas, draining enabled, and no registrations. Sandbox time passes a hundred times
 * faster.
 */
async function startElb({ drainingTimeout = "300" } = {}) {
  await using stack = new AsyncDisposableStack();
  const clock = realClock(100);
  const account = new Account(clock.now);
  const addresses = stack.use(new LoopbackAddresses());
  const faults = new Faults();
  const machines = localMachines();
  const lifecycle = stack.use(
    new Lifecycle({ clock, account, addresses, machine: machines.make, boot: () => 100, shutdown: 100 }),
  );
  const balancers = stack.use(new Balancers(clock, account, faults));
  const ec2 = makeEc2({ clock, account, lifecycle, addresses, faults, region: REGION });
  const elb = makeElb({ clock, account, balancers, addresses, faults, zones: zones(REGION) });
  for (const zone of [...zones(REGION), zones(REGION)[0]]) ec2.create({ zone });
  for (const id of [A, B]) lifecycle.startWithoutBoot(id);

  const call = async (action: string, input: Shape) => await elb.service[action]?.(input);
  const dnsName = at(await call("CreateLoadBalancer", KAS), "DNSName");
  await call("ConfigureHealthCheck", { LoadBalancerName: "kas", HealthCheck: PING });
  const ConnectionDraining = { Enabled: "true", Timeout: drainingTimeout };
  await call("ModifyLoadBalancerAttributes", {
    LoadBalancerName: "kas",
    LoadBalancerAttributes: { ConnectionDraining },
  });

  const health = async (id: string): Promise<string> => {
    const Instances = [{ InstanceId: id }];
    const answer = await call("DescribeInstanceHealth", { LoadBalancerName: "kas", Instances });
    return ["State", "ReasonCode", "Description"].map((name) => at(answer, `InstanceStates.0.${name}`)).join(
      "|",
    );
  };
  const named = (...ids: string[]) => ({
    LoadBalancerName: "kas",
    Instances: ids.map((InstanceId) => ({ InstanceId })),
  });
  const phase = (id: string) => account.current.balancers.get("kas")?.registrations.get(id);
  const kept = stack.move();
  return {
    ec2: ec2.service,
    account,
    faults,
    machines,
    call,
    health,
    phase,
    proxy: () => balancers.proxy("kas"),
    register: (...ids: string[]) => call("RegisterInstancesWithLoadBalancer", named(...ids)),
    deregister: (...ids: string[]) => call("DeregisterInstancesFromLoadBalancer", named(...ids)),
    until: (id: string, wanted: ReturnType<typeof phase>) => account.waitUntil(() => phase(id) === wanted),
    /** Registers instances and waits until they are in service. */
    inService: async (...ids: string[]) => {
      await call("RegisterInstancesWithLoadBalancer", named(...ids));
      await account.waitUntil(() => ids.every((id) => phase(id) === "in-service"));
    },
    /** Sends a request to the load balancer's address. */
    get: (path: string, init?: RequestInit) => fetch(`http://${dnsName}:30000${path}`, init),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

type Fixture = Awaited<ReturnType<typeof startElb>>;

async function assertCode(aws: Fixture, code: string, action: string, input: Shape): Promise<void> {
  assertEquals((await assertRejects(() => aws.call(action, input), AwsError)).code, code);
}

/** Returns the bodies of several responses to /work: the ids of the instances that responded. */
async function workers(aws: Fixture, times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < times; n++) ids.push(await (await aws.get("/work")).text());
  return ids;
}

/** Waits until a number of requests to /work wait at an instance. */
async function held(aws: Fixture, id: string, count: number): Promise<void> {
  await eventually(() => aws.machines.held.get(id)?.length ?? 0, (waiting) => waiting >= count);
}

Deno.test("a registered instance comes into service after its first passed health check, and then gets requests", async () => {
  await using aws = await startElb();
  assertEquals(
    await aws.health(A),
    "OutOfService|Instance|Instance is not currently registered with the LoadBalancer.",
  );
  assertEquals(at(await aws.register(A), "Instances"), [{ InstanceId: A }]);
  assertEquals(await aws.health(A), "OutOfService|ELB|Instance registration is still in progress.");
  await aws.until(A, "in-service");
  assertEquals(await aws.health(A), "InService|N/A|N/A");
  assertEquals(await workers(aws, 2), [A, A]);
});

Deno.test("a repeated registration changes nothing, and an unknown or terminated instance makes the whole call fail", async () => {
  await using aws = await startElb();
  await aws.inService(A);
  assertEquals(at(await aws.register(A), "Instances"), [{ InstanceId: A }]);
  assertEquals(aws.phase(A), "in-service");
  await aws.ec2["TerminateInstances"]?.({ InstanceIds: [STOPPED] });
  for (const id of ["i-0badc0de", STOPPED]) {
    const Instances = [B, id].map((InstanceId) => ({ InstanceId }));
    await assertCode(aws, "InvalidInstance", "RegisterInstancesWithLoadBalancer", {
      LoadBalancerName: "kas",
      Instances,
    });
  }
  assertEquals(aws.phase(B), undefined);
});

Deno.test("a stopped instance can be registered, and is out of service until it runs", async () => {
  await using aws = await startElb();
  await aws.register(STOPPED);
  assertEquals(await aws.health(STOPPED), "OutOfService|Instance|Instance is in stopped state.");
  await aws.ec2["StartInstances"]?.({ InstanceIds: [STOPPED] });
  assertEquals(await aws.health(STOPPED), "OutOfService|Instance|Instance is in pending state.");
  await aws.until(STOPPED, "in-service");
  await aws.ec2["StopInstances"]?.({ InstanceIds: [STOPPED] });
  assertEquals(await aws.health(STOPPED), "OutOfService|Instance|Instance is in stopped state.");
});

Deno.test("an instance in a zone that is not enabled is out of service", async () => {
  await using aws = await startElb();
  await aws.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  await aws.call("CreateLoadBalancer", { ...KAS, AvailabilityZones: ["eu-west-1a"] });
  await aws.call("ConfigureHealthCheck", { LoadBalancerName: "kas", HealthCheck: PING });
  await aws.register(B);
  assertEquals(
    await aws.health(B),
    "OutOfService|ELB|Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.",
  );
  const enable = (...AvailabilityZones: string[]) =>
    aws.call("EnableAvailabilityZonesForLoadBalancer", { LoadBalancerName: "kas", AvailabilityZones });
  assertEquals(await enable("eu-west-1b", "eu-west-1a"), { AvailabilityZones: ["eu-west-1a", "eu-west-1b"] });
  await eventually(() => aws.health(B), (health) => health === "InService|N/A|N/A");
  await assertRejects(() => enable("us-east-1a"), AwsError);
  await assertRejects(() => enable(), AwsError);
});

Deno.test("ELB deregisters a terminated instance", async () => {
  await using aws = await startElb();
  await aws.inService(A, B);
  await aws.ec2["TerminateInstances"]?.({ InstanceIds: [B] });
  await aws.until(B, undefined);
  assertEquals(aws.phase(A), "in-service");
});

Deno.test("an instance is out of service after UnhealthyThreshold failed checks, and in service after HealthyThreshold passed checks", async () => {
  await using aws = await startElb();
  await aws.inService(A, B);
  aws.machines.broken.add(A);
  await aws.until(A, "out-of-service");
  assertEquals(
    await aws.health(A),
    "OutOfService|Instance|Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
  );
  assertEquals(new Set(await workers(aws, 4)), new Set([B]));
  aws.machines.broken.clear();
  await aws.until(A, "in-service");
});

Deno.test("the fault unhealthy=ID makes the health checks of an instance fail", async () => {
  await using aws = await startElb();
  aws.faults.set(`unhealthy=${A}`);
  await aws.register(A);
  await aws.until(A, "out-of-service");
  aws.faults.clear();
  await aws.until(A, "in-service");
});

Deno.test("the load balancer returns 503 without an instance in service, and 504 if the instance does not respond", async () => {
  await using aws = await startElb();
  const none = await aws.get("/work");
  assertEquals([none.status, await none.text()], [503, "no instance in service\n"]);
  await aws.inService(A);
  aws.machines.hold = true;
  const cut = aws.get("/work");
  await held(aws, A, 1);
  // A stop without a deregistration aborts the instance's requests.
  await aws.ec2["StopInstances"]?.({ InstanceIds: [A] });
  const lost = await cut;
  assertEquals([lost.status, await lost.text()], [504, "the instance did not respond\n"]);
  for (const go of aws.machines.held.get(A) ?? []) go();
});

Deno.test("the load balancer forwards requests and responses unchanged, and adds the client's address", async () => {
  await using aws = await startElb();
  await aws.inService(A);
  const big = "x".repeat(300_000);
  const response = await aws.get("/echo?a=1&b=%20", {
    method: "POST",
    body: big,
    headers: { "x-own": "kept", connection: "x-hop", "x-hop": "1" },
  });
  assertEquals(response.status, 418);
  assertEquals((await response.text()) === big, true);
  const { url, headers } = JSON.parse(response.headers.get("x-seen") ?? "{}");
  assert(url.endsWith("/echo?a=1&b=%20"), url);
  assertEquals([headers["x-own"], headers["x-forwarded-for"], headers["x-hop"]], [
    "kept",
    "127.0.0.1",
    undefined,
  ]);
  assertEquals(headers.host, new URL(response.url).host);
});

Deno.test("the load balancer distributes requests evenly, and prefers the instance with the fewest requests in progress", async () => {
  await using aws = await startElb();
  await aws.inService(A, B);
  const one = await workers(aws, 20);
  assertEquals([one.filter((id) => id === A).length, one.filter((id) => id === B).length], [10, 10]);
  aws.machines.hold = true;
  const waiting = Array.from({ length: 8 }, () => aws.get("/work"));
  await held(aws, A, 4);
  await held(aws, B, 4);
  for (const go of aws.machines.held.get(A) ?? []) go();
  await eventually(() => aws.proxy()?.inProgress(A), (inProgress) => inProgress === 0);
  aws.machines.hold = false;
  assertEquals(await workers(aws, 4), [A, A, A, A]);
  for (const go of aws.machines.held.get(B) ?? []) go();
  const answers = await Promise.all(waiting.map(async (each) => (await each).text()));
  assertEquals(answers.filter((id) => id === A).length, 4);
  assertEquals(aws.proxy()?.answered, 32);
});

Deno.test("a deregistered instance finishes its requests, gets no new requests, and is removed after its last request", async () => {
  await using aws = await startElb();
  await aws.inService(A, B);
  aws.machines.hold = true;
  const waiting = Array.from({ length: 4 }, () => aws.get("/work"));
  await held(aws, A, 2);
  await held(aws, B, 2);
  assertEquals(at(await aws.deregister(A), "Instances"), [{ InstanceId: B }]);
  assertEquals(await aws.health(A), "InService|N/A|Instance deregistration currently in progress.");
  aws.machines.hold = false;
  assertEquals(new Set(await workers(aws, 4)), new Set([B]));
  assertEquals(aws.phase(A), "draining");

  const [first, second] = aws.machines.held.get(A) ?? [];
  first?.();
  second?.();
  await aws.until(A, undefined);
  for (const go of aws.machines.held.get(B) ?? []) go();
  const answers = await Promise.all(waiting.map(async (each) => (await each).text()));
  assertEquals(answers.toSorted(), [A, A, B, B]);
  assertEquals(
    await aws.health(A),
    "OutOfService|Instance|Instance is not currently registered with the LoadBalancer.",
  );
});

Deno.test("draining ends at the timeout, and ELB then aborts the requests in progress", async () => {
  await using aws = await startElb({ drainingTimeout: "10" });
  await aws.inService(A);
  aws.machines.hold = true;
  const waiting = aws.get("/work");
  await held(aws, A, 1);
  await aws.deregister(A);
  await aws.until(A, undefined);
  const response = await waiting;
  assertEquals([response.status, await response.text()], [504, "the instance did not respond\n"]);
  for (const go of aws.machines.held.get(A) ?? []) go();
});

Deno.test("an instance that is registered again during its draining returns to service, and keeps its requests", async () => {
  await using aws = await startElb();
  await aws.inService(A);
  aws.machines.hold = true;
  const waiting = aws.get("/work");
  await held(aws, A, 1);
  await aws.deregister(A);
  await aws.inService(A);
  for (const go of aws.machines.held.get(A) ?? []) go();
  assertEquals(await (await waiting).text(), A);
  assertEquals(aws.phase(A), "in-service");
});

Deno.test("DeregisterInstances fails for an instance that was never registered, but not for a previously registered instance", async () => {
  await using aws = await startElb();
  await aws.inService(A);
  const Instances = [A, B].map((InstanceId) => ({ InstanceId }));
  await assertCode(aws, "InvalidInstance", "DeregisterInstancesFromLoadBalancer", {
    LoadBalancerName: "kas",
    Instances,
  });
  assertEquals(aws.phase(A), "in-service");
  await aws.deregister(A);
  assertEquals(at(await aws.deregister(A), "Instances"), []);
});

Deno.test("CreateLoadBalancer validates its input, and can be repeated with the same listeners", async () => {
  await using aws = await startElb();
  const dnsName = aws.account.current.balancers.get("kas")?.dnsName;
  assertEquals(await aws.call("CreateLoadBalancer", KAS), { DNSName: dnsName });
  const other = [{ Protocol: "HTTP", LoadBalancerPort: "81", InstancePort: "30000" }];
  await assertCode(aws, "DuplicateLoadBalancerName", "CreateLoadBalancer", { ...KAS, Listeners: other });
  const fresh = { ...KAS, LoadBalancerName: "web" };
  await assertCode(aws, "ValidationError", "CreateLoadBalancer", { ...fresh, LoadBalancerName: "-web" });
  await assertCode(aws, "ValidationError", "CreateLoadBalancer", { ...fresh, Listeners: [] });
  await assertCode(aws, "ValidationError", "CreateLoadBalancer", { ...fresh, AvailabilityZones: [] });
  await assertCode(aws, "ValidationError", "CreateLoadBalancer", {
    ...fresh,
    AvailabilityZones: ["mars-1a"],
  });
  const tls = [{ Protocol: "HTTPS", LoadBalancerPort: "443", InstancePort: "30000" }];
  await assertCode(aws, "UnsupportedProtocol", "CreateLoadBalancer", { ...fresh, Listeners: tls });
});

Deno.test("DeleteLoadBalancer succeeds for an unknown load balancer, unlike all other actions", async () => {
  await using aws = await startElb();
  await aws.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  await assertRejects(() => aws.get("/work"), TypeError);
  await aws.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  for (
    const action of [
      "DescribeInstanceHealth",
      "DescribeLoadBalancerAttributes",
      "RegisterInstancesWithLoadBalancer",
    ]
  ) {
    await assertCode(aws, "LoadBalancerNotFound", action, {
      LoadBalancerName: "kas",
      Instances: [{ InstanceId: A }],
    });
  }
});

Deno.test("DescribeLoadBalancers lists load balancers by name and in pages", async () => {
  await using aws = await startElb();
  const listeners = (
    port: number,
  ) => [{ Protocol: "HTTP", LoadBalancerPort: String(port), InstancePort: "30000" }];
  await aws.call("CreateLoadBalancer", { ...KAS, LoadBalancerName: "web", Listeners: listeners(30_000) });
  await aws.call("CreateLoadBalancer", { ...KAS, LoadBalancerName: "api", Listeners: listeners(30_000) });
  const names = (output: unknown) => at(output, "LoadBalancerDescriptions.*.LoadBalancerName");
  const first = await aws.call("DescribeLoadBalancers", { PageSize: "2" });
  assertEquals(names(first), ["api", "kas"]);
  assertEquals(
    names(await aws.call("DescribeLoadBalancers", { PageSize: "2", Marker: at(first, "NextMarker") })),
    [
      "web",
    ],
  );
  assertEquals(names(await aws.call("DescribeLoadBalancers", { LoadBalancerNames: ["web"] })), ["web"]);
  await assertCode(aws, "LoadBalancerNotFound", "DescribeLoadBalancers", {
    LoadBalancerNames: ["web", "none"],
  });
});

Deno.test("ELB stores health checks, attributes and tags, and rejects invalid values", async () => {
  await using aws = await startElb();
  const balancers = await aws.call("DescribeLoadBalancers", {});
  assertEquals(at(balancers, "LoadBalancerDescriptions.0.HealthCheck"), {
    Target: "HTTP:30000/ping",
    Interval: 5,
    Timeout: 2,
    UnhealthyThreshold: 2,
    HealthyThreshold: 2,
  });
  for (
    const wrong of [
      { Timeout: "5" },
      { Interval: "4" },
      { HealthyThreshold: "1" },
      { Target: "HTTP:30000" },
      { Target: "UDP:1" },
    ]
  ) {
    await assertCode(aws, "ValidationError", "ConfigureHealthCheck", {
      LoadBalancerName: "kas",
      HealthCheck: { ...PING, ...wrong },
    });
  }
  await aws.call("ModifyLoadBalancerAttributes", {
    LoadBalancerName: "kas",
    LoadBalancerAttributes: {
      ConnectionSettings: { IdleTimeout: "30" },
      CrossZoneLoadBalancing: { Enabled: "true" },
    },
  });
  const { LoadBalancerAttributes: attributes } =
    await aws.call("DescribeLoadBalancerAttributes", { LoadBalancerName: "kas" }) ?? {};
  assertEquals(at(attributes, "ConnectionSettings"), { IdleTimeout: 30 });
  assertEquals(at(attributes, "ConnectionDraining"), { Enabled: true, Timeout: 300 });
  assertEquals(at(attributes, "CrossZoneLoadBalancing"), { Enabled: true });
  await aws.call("AddTags", { LoadBalancerNames: ["kas"], Tags: [{ Key: "kas:fleet", Value: "kas" }] });
  assertEquals(at(await aws.call("DescribeTags", { LoadBalancerNames: ["kas"] }), "TagDescriptions"), [
    { LoadBalancerName: "kas", Tags: [{ Key: "kas:fleet", Value: "kas" }] },
  ]);
});

Deno.test("the fault drain-lag=TIME delays the report that draining has ended", async () => {
  await using aws = await startElb();
  await aws.inService(A, B);
  aws.faults.set("drain-lag=20s");
  const start = Date.now();
  await aws.deregister(A, B);
  assertEquals([aws.phase(A), aws.phase(B)], ["draining", "draining"]);
  await aws.register(B);
  await aws.until(A, undefined);
  assert(Date.now() - start >= 195, "20 s, a hundred times faster");
  await aws.until(B, "in-service");
});

Deno.test("with security-groups, a load balancer reaches only instances whose security groups admit it", async () => {
  await using aws = await startElb();
  await aws.inService(A);
  aws.faults.set("security-groups=on");
  const group = "sg-00000000000000002";
  const clients = { protocol: "tcp", from: 30_000, to: 30_000, cidrs: ["0.0.0.0/0"], groups: [] };
  const balancer = aws.account.current.balancers.get("kas");
  assertExists(balancer);
  const front = { id: group, name: "front", description: "front", vpc: balancer.vpc, tags: {} };
  aws.account.putSecurityGroup({ ...front, ingress: [clients] });
  aws.account.putBalancer({ ...balancer, securityGroups: [group] });
  const GroupId = "sg-00000000000000001";
  const own = { GroupId, IpPermissions: [{ IpProtocol: "-1", Groups: [{ GroupId: group }] }] };
  await aws.ec2["AuthorizeSecurityGroupIngress"]?.(own);
  const status = async () => {
    const response = await aws.get("/work");
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(), 200);
  await aws.ec2["RevokeSecurityGroupIngress"]?.(own);
  assertEquals(await status(), 504);
  await aws.until(A, "out-of-service");
  await aws.ec2["AuthorizeSecurityGroupIngress"]?.(own);
  await aws.until(A, "in-service");
  assertEquals(await status(), 200);
});

Deno.test("with security-groups, a load balancer in zones has a group of its own, which the instances do not admit", async () => {
  await using aws = await startElb();
  aws.faults.set("security-groups=on");
  await aws.call("CreateLoadBalancer", { ...KAS, LoadBalancerName: "other" });
  const { securityGroups = [] } = aws.account.current.balancers.get("other") ?? {};
  const group = aws.account.current.securityGroups.get(securityGroups[0] ?? "");
  assertEquals(group?.ingress.map(({ from, cidrs }) => [from, cidrs]), [[30_000, ["0.0.0.0/0"]]]);
  await aws.call("ConfigureHealthCheck", { LoadBalancerName: "other", HealthCheck: PING });
  await aws.call("RegisterInstancesWithLoadBalancer", {
    LoadBalancerName: "other",
    Instances: [{ InstanceId: A }],
  });
  await aws.account.waitUntil(() =>
    aws.account.current.balancers.get("other")?.registrations.get(A) === "out-of-service"
  );
});
