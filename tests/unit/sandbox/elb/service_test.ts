import { assert, assertEquals, assertRejects } from "@std/assert";
import { Addresses } from "../../../../src/sandbox/machines/addresses.ts";
import { realClock } from "../../../../src/sandbox/clock.ts";
import { ec2 as makeEc2, zones } from "../../../../src/sandbox/ec2/service.ts";
import { Lifecycle } from "../../../../src/sandbox/ec2/lifecycle.ts";
import { elb as makeElb } from "../../../../src/sandbox/elb/service.ts";
import { Balancers } from "../../../../src/sandbox/elb/balancers.ts";
import { Faults } from "../../../../src/sandbox/faults.ts";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/service.ts";
import { World } from "../../../../src/sandbox/world.ts";
import { eventually } from "../../../support/kas.ts";
import { localMachines } from "../machines.ts";
import { at } from "../output.ts";

const REGION = "eu-west-1";
/** Running in zone a, running in zone b, stopped. */
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

/** An account with the load balancer kas, draining on, nothing registered; a hundred times faster than life. */
async function account({ drainingTimeout = "300" } = {}) {
  await using stack = new AsyncDisposableStack();
  const clock = realClock(100);
  const world = new World(clock.now);
  const addresses = stack.use(new Addresses());
  const faults = new Faults();
  const machines = localMachines();
  const lifecycle = stack.use(
    new Lifecycle({ clock, world, addresses, machine: machines.make, boot: 100, shutdown: 100 }),
  );
  const balancers = stack.use(new Balancers(clock, world, faults));
  const ec2 = makeEc2({ clock, world, lifecycle, addresses, faults, region: REGION });
  const elb = makeElb({ clock, world, balancers, addresses, faults, zones: zones(REGION) });
  for (const zone of [...zones(REGION), zones(REGION)[0]]) ec2.create({ zone });
  for (const id of [A, B]) lifecycle.startedBefore(id);

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
  const phase = (id: string) => world.now.balancers.get("kas")?.registrations.get(id);
  const kept = stack.move();
  return {
    ec2: ec2.service,
    world,
    faults,
    machines,
    call,
    health,
    phase,
    proxy: () => balancers.proxy("kas"),
    register: (...ids: string[]) => call("RegisterInstancesWithLoadBalancer", named(...ids)),
    deregister: (...ids: string[]) => call("DeregisterInstancesFromLoadBalancer", named(...ids)),
    until: (id: string, wanted: ReturnType<typeof phase>) => world.until(() => phase(id) === wanted),
    /** Registers instances and waits until they are in service. */
    inService: async (...ids: string[]) => {
      await call("RegisterInstancesWithLoadBalancer", named(...ids));
      await world.until(() => ids.every((id) => phase(id) === "in-service"));
    },
    /** Sends a request through the balancer's own address. */
    get: (path: string, init?: RequestInit) => fetch(`http://${dnsName}:30000${path}`, init),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

type Account = Awaited<ReturnType<typeof account>>;

async function assertCode(account: Account, code: string, action: string, input: Shape): Promise<void> {
  assertEquals((await assertRejects(() => account.call(action, input), AwsError)).code, code);
}

/** The texts of several answers to /work: ids of the instances that gave them. */
async function workers(account: Account, times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < times; n++) ids.push(await (await account.get("/work")).text());
  return ids;
}

/** Resolves once so many requests of /work wait at an instance. */
async function held(account: Account, id: string, count: number): Promise<void> {
  await eventually(() => account.machines.held.get(id)?.length ?? 0, (waiting) => waiting >= count);
}

Deno.test("RegisterInstances brings a running instance into service after its first passed check, and it gets requests", async () => {
  await using kas = await account();
  assertEquals(
    await kas.health(A),
    "OutOfService|Instance|Instance is not currently registered with the LoadBalancer.",
  );
  assertEquals(at(await kas.register(A), "Instances"), [{ InstanceId: A }]);
  assertEquals(await kas.health(A), "OutOfService|ELB|Instance registration is still in progress.");
  await kas.until(A, "in-service");
  assertEquals(await kas.health(A), "InService|N/A|N/A");
  assertEquals(await workers(kas, 2), [A, A]);
});

Deno.test("RegisterInstances again changes nothing; unknown and terminated instances fail the whole call", async () => {
  await using kas = await account();
  await kas.inService(A);
  assertEquals(at(await kas.register(A), "Instances"), [{ InstanceId: A }]);
  assertEquals(kas.phase(A), "in-service");
  await kas.ec2["TerminateInstances"]?.({ InstanceIds: [STOPPED] });
  for (const id of ["i-0badc0de", STOPPED]) {
    const Instances = [B, id].map((InstanceId) => ({ InstanceId }));
    await assertCode(kas, "InvalidInstance", "RegisterInstancesWithLoadBalancer", {
      LoadBalancerName: "kas",
      Instances,
    });
  }
  assertEquals(kas.phase(B), undefined);
});

Deno.test("a stopped instance can be registered and is out of service until it runs", async () => {
  await using kas = await account();
  await kas.register(STOPPED);
  assertEquals(await kas.health(STOPPED), "OutOfService|Instance|Instance is in stopped state.");
  await kas.ec2["StartInstances"]?.({ InstanceIds: [STOPPED] });
  assertEquals(await kas.health(STOPPED), "OutOfService|Instance|Instance is in pending state.");
  await kas.until(STOPPED, "in-service");
  await kas.ec2["StopInstances"]?.({ InstanceIds: [STOPPED] });
  assertEquals(await kas.health(STOPPED), "OutOfService|Instance|Instance is in stopped state.");
});

Deno.test("an instance in a zone that is not enabled is out of service", async () => {
  await using kas = await account();
  await kas.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  await kas.call("CreateLoadBalancer", { ...KAS, AvailabilityZones: ["eu-west-1a"] });
  await kas.call("ConfigureHealthCheck", { LoadBalancerName: "kas", HealthCheck: PING });
  await kas.register(B);
  assertEquals(
    await kas.health(B),
    "OutOfService|ELB|Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.",
  );
  const enable = (...AvailabilityZones: string[]) =>
    kas.call("EnableAvailabilityZonesForLoadBalancer", { LoadBalancerName: "kas", AvailabilityZones });
  assertEquals(await enable("eu-west-1b", "eu-west-1a"), { AvailabilityZones: ["eu-west-1a", "eu-west-1b"] });
  await eventually(() => kas.health(B), (health) => health === "InService|N/A|N/A");
  await assertRejects(() => enable("us-east-1a"), AwsError);
  await assertRejects(() => enable(), AwsError);
});

Deno.test("a terminated instance is deregistered", async () => {
  await using kas = await account();
  await kas.inService(A, B);
  await kas.ec2["TerminateInstances"]?.({ InstanceIds: [B] });
  await kas.until(B, undefined);
  assertEquals(kas.phase(A), "in-service");
});

Deno.test("health checks take an instance out of service after UnhealthyThreshold failures, and back after HealthyThreshold", async () => {
  await using kas = await account();
  await kas.inService(A, B);
  kas.machines.broken.add(A);
  await kas.until(A, "out-of-service");
  assertEquals(
    await kas.health(A),
    "OutOfService|Instance|Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
  );
  assertEquals(new Set(await workers(kas, 4)), new Set([B]));
  kas.machines.broken.clear();
  await kas.until(A, "in-service");
});

Deno.test("the fault unhealthy=ID fails an instance's health checks", async () => {
  await using kas = await account();
  kas.faults.set(`unhealthy=${A}`);
  await kas.register(A);
  await kas.until(A, "out-of-service");
  kas.faults.clear();
  await kas.until(A, "in-service");
});

Deno.test("the balancer answers 503 without an instance in service, 504 where one does not answer", async () => {
  await using kas = await account();
  const none = await kas.get("/work");
  assertEquals([none.status, await none.text()], [503, "no instance in service\n"]);
  await kas.inService(A);
  kas.machines.hold = true;
  const cut = kas.get("/work");
  await held(kas, A, 1);
  // Stopped without being deregistered first: what it was doing is lost.
  await kas.ec2["StopInstances"]?.({ InstanceIds: [A] });
  const lost = await cut;
  assertEquals([lost.status, await lost.text()], [504, "the instance did not answer\n"]);
  for (const go of kas.machines.held.get(A) ?? []) go();
});

Deno.test("the balancer passes requests and answers on as they are, and says who asked", async () => {
  await using kas = await account();
  await kas.inService(A);
  const big = "x".repeat(300_000);
  const response = await kas.get("/echo?a=1&b=%20", {
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

Deno.test("the balancer spreads requests evenly, and to the instance with the fewest under way", async () => {
  await using kas = await account();
  await kas.inService(A, B);
  const one = await workers(kas, 20);
  assertEquals([one.filter((id) => id === A).length, one.filter((id) => id === B).length], [10, 10]);
  kas.machines.hold = true;
  const waiting = Array.from({ length: 8 }, () => kas.get("/work"));
  await held(kas, A, 4);
  await held(kas, B, 4);
  for (const go of kas.machines.held.get(A) ?? []) go();
  await eventually(() => kas.proxy()?.inProgress(A), (inProgress) => inProgress === 0);
  kas.machines.hold = false;
  assertEquals(await workers(kas, 4), [A, A, A, A]);
  for (const go of kas.machines.held.get(B) ?? []) go();
  const answers = await Promise.all(waiting.map(async (each) => (await each).text()));
  assertEquals(answers.filter((id) => id === A).length, 4);
  assertEquals(kas.proxy()?.answered, 32);
});

Deno.test("deregistering drains: no request is cut, none is added, and the instance is gone after the last", async () => {
  await using kas = await account();
  await kas.inService(A, B);
  kas.machines.hold = true;
  const waiting = Array.from({ length: 4 }, () => kas.get("/work"));
  await held(kas, A, 2);
  await held(kas, B, 2);
  assertEquals(at(await kas.deregister(A), "Instances"), [{ InstanceId: B }]);
  assertEquals(await kas.health(A), "InService|N/A|Instance deregistration currently in progress.");
  kas.machines.hold = false;
  assertEquals(new Set(await workers(kas, 4)), new Set([B]));
  assertEquals(kas.phase(A), "draining");

  const [first, second] = kas.machines.held.get(A) ?? [];
  first?.();
  second?.();
  await kas.until(A, undefined);
  for (const go of kas.machines.held.get(B) ?? []) go();
  const answers = await Promise.all(waiting.map(async (each) => (await each).text()));
  assertEquals(answers.toSorted(), [A, A, B, B]);
  assertEquals(
    await kas.health(A),
    "OutOfService|Instance|Instance is not currently registered with the LoadBalancer.",
  );
});

Deno.test("draining ends at the timeout: what is still under way is cut", async () => {
  await using kas = await account({ drainingTimeout: "10" });
  await kas.inService(A);
  kas.machines.hold = true;
  const waiting = kas.get("/work");
  await held(kas, A, 1);
  await kas.deregister(A);
  await kas.until(A, undefined);
  const response = await waiting;
  assertEquals([response.status, await response.text()], [504, "the instance did not answer\n"]);
  for (const go of kas.machines.held.get(A) ?? []) go();
});

Deno.test("an instance registered again while it drains is in service again, with what it was doing", async () => {
  await using kas = await account();
  await kas.inService(A);
  kas.machines.hold = true;
  const waiting = kas.get("/work");
  await held(kas, A, 1);
  await kas.deregister(A);
  await kas.inService(A);
  for (const go of kas.machines.held.get(A) ?? []) go();
  assertEquals(await (await waiting).text(), A);
  assertEquals(kas.phase(A), "in-service");
});

Deno.test("DeregisterInstances: an instance that never was registered fails the whole call, one that once was does not", async () => {
  await using kas = await account();
  await kas.inService(A);
  const Instances = [A, B].map((InstanceId) => ({ InstanceId }));
  await assertCode(kas, "InvalidInstance", "DeregisterInstancesFromLoadBalancer", {
    LoadBalancerName: "kas",
    Instances,
  });
  assertEquals(kas.phase(A), "in-service");
  await kas.deregister(A);
  assertEquals(at(await kas.deregister(A), "Instances"), []);
});

Deno.test("CreateLoadBalancer checks what it is given, and is idempotent for the same listeners", async () => {
  await using kas = await account();
  const dnsName = kas.world.now.balancers.get("kas")?.dnsName;
  assertEquals(await kas.call("CreateLoadBalancer", KAS), { DNSName: dnsName });
  const other = [{ Protocol: "HTTP", LoadBalancerPort: "81", InstancePort: "30000" }];
  await assertCode(kas, "DuplicateLoadBalancerName", "CreateLoadBalancer", { ...KAS, Listeners: other });
  const fresh = { ...KAS, LoadBalancerName: "web" };
  await assertCode(kas, "ValidationError", "CreateLoadBalancer", { ...fresh, LoadBalancerName: "-web" });
  await assertCode(kas, "ValidationError", "CreateLoadBalancer", { ...fresh, Listeners: [] });
  await assertCode(kas, "ValidationError", "CreateLoadBalancer", { ...fresh, AvailabilityZones: [] });
  await assertCode(kas, "ValidationError", "CreateLoadBalancer", {
    ...fresh,
    AvailabilityZones: ["mars-1a"],
  });
  const tls = [{ Protocol: "HTTPS", LoadBalancerPort: "443", InstancePort: "30000" }];
  await assertCode(kas, "UnsupportedProtocol", "CreateLoadBalancer", { ...fresh, Listeners: tls });
});

Deno.test("DeleteLoadBalancer closes it, and succeeds where there is none; anything else is LoadBalancerNotFound", async () => {
  await using kas = await account();
  await kas.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  await assertRejects(() => kas.get("/work"), TypeError);
  await kas.call("DeleteLoadBalancer", { LoadBalancerName: "kas" });
  for (
    const action of [
      "DescribeInstanceHealth",
      "DescribeLoadBalancerAttributes",
      "RegisterInstancesWithLoadBalancer",
    ]
  ) {
    await assertCode(kas, "LoadBalancerNotFound", action, {
      LoadBalancerName: "kas",
      Instances: [{ InstanceId: A }],
    });
  }
});

Deno.test("DescribeLoadBalancers lists by name and in pages", async () => {
  await using kas = await account();
  const listeners = (
    port: number,
  ) => [{ Protocol: "HTTP", LoadBalancerPort: String(port), InstancePort: "30000" }];
  await kas.call("CreateLoadBalancer", { ...KAS, LoadBalancerName: "web", Listeners: listeners(30_000) });
  await kas.call("CreateLoadBalancer", { ...KAS, LoadBalancerName: "api", Listeners: listeners(30_000) });
  const names = (output: unknown) => at(output, "LoadBalancerDescriptions.*.LoadBalancerName");
  const first = await kas.call("DescribeLoadBalancers", { PageSize: "2" });
  assertEquals(names(first), ["api", "kas"]);
  assertEquals(
    names(await kas.call("DescribeLoadBalancers", { PageSize: "2", Marker: at(first, "NextMarker") })),
    [
      "web",
    ],
  );
  assertEquals(names(await kas.call("DescribeLoadBalancers", { LoadBalancerNames: ["web"] })), ["web"]);
  await assertCode(kas, "LoadBalancerNotFound", "DescribeLoadBalancers", {
    LoadBalancerNames: ["web", "none"],
  });
});

Deno.test("health checks, attributes and tags are kept as set, and refused where they are wrong", async () => {
  await using kas = await account();
  const balancers = await kas.call("DescribeLoadBalancers", {});
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
    await assertCode(kas, "ValidationError", "ConfigureHealthCheck", {
      LoadBalancerName: "kas",
      HealthCheck: { ...PING, ...wrong },
    });
  }
  await kas.call("ModifyLoadBalancerAttributes", {
    LoadBalancerName: "kas",
    LoadBalancerAttributes: {
      ConnectionSettings: { IdleTimeout: "30" },
      CrossZoneLoadBalancing: { Enabled: "true" },
    },
  });
  const { LoadBalancerAttributes: attributes } =
    await kas.call("DescribeLoadBalancerAttributes", { LoadBalancerName: "kas" }) ?? {};
  assertEquals(at(attributes, "ConnectionSettings"), { IdleTimeout: 30 });
  assertEquals(at(attributes, "ConnectionDraining"), { Enabled: true, Timeout: 300 });
  assertEquals(at(attributes, "CrossZoneLoadBalancing"), { Enabled: true });
  await kas.call("AddTags", { LoadBalancerNames: ["kas"], Tags: [{ Key: "kas:fleet", Value: "kas" }] });
  assertEquals(at(await kas.call("DescribeTags", { LoadBalancerNames: ["kas"] }), "TagDescriptions"), [
    { LoadBalancerName: "kas", Tags: [{ Key: "kas:fleet", Value: "kas" }] },
  ]);
});
