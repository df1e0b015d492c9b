import { assertEquals, assertRejects } from "@std/assert";
import { balancerRef, registrations } from "../../../../src/aws/balancing/balancer.ts";
import { deregister, health, listBalancers } from "../../../../src/aws/balancing/classic_balancer.ts";
import { createBalancer } from "../../../../src/aws/balancing/classic_setup.ts";
import { isNotFound } from "../../../../src/aws/errors.ts";
import { query, queryError, wire } from "../wire.ts";

function balancer(name: string): string {
  return `<member><LoadBalancerName>${name}</LoadBalancerName><DNSName>${name}.elb</DNSName><Instances/>` +
    `<HealthCheck><Target>HTTP:30000/ping</Target></HealthCheck>` +
    "<ListenerDescriptions><member><Listener><InstancePort>30000</InstancePort></Listener></member></ListenerDescriptions>" +
    `<AvailabilityZones><member>eu-west-1a</member></AvailabilityZones></member>`;
}

function described(members: string, marker = ""): Response {
  return query(
    "DescribeLoadBalancers",
    `<LoadBalancerDescriptions>${members}</LoadBalancerDescriptions>${
      marker && `<NextMarker>${marker}</NextMarker>`
    }`,
  );
}

Deno.test("listBalancers() reads every page of DescribeLoadBalancers", async () => {
  await using server = wire(({ input }) =>
    input["Marker"] === "m" ? described(balancer("b")) : described(balancer("a"), "m")
  );
  const found = await Array.fromAsync(listBalancers(server.aws));
  assertEquals(found.map(({ name }) => name), ["a", "b"]);
  assertEquals(found[0], {
    name: "a",
    dnsName: "a.elb",
    instances: [],
    securityGroups: [],
    healthCheck: "HTTP:30000/ping",
    ports: [30_000],
    zones: ["eu-west-1a"],
    requests: { namespace: "AWS/ELB", name: "RequestCount", dimensions: { LoadBalancerName: "a" } },
  });
});

for (
  const [state, description, registration] of [
    ["InService", "N/A", "in-service"],
    ["InService", "Instance deregistration currently in progress.", "draining"],
    ["OutOfService", "Instance registration is still in progress.", "out-of-service"],
    [
      "OutOfService",
      "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
      "out-of-service",
    ],
    ["OutOfService", "Instance is in stopped state.", "out-of-service"],
    ["Unknown", "N/A", "out-of-service"],
    ["OutOfService", "Instance is not currently registered with the LoadBalancer.", undefined],
  ] as const
) {
  Deno.test(`an instance with state ${state} and description "${description}" is ${registration ?? "not registered"}`, async () => {
    const states = `<member><InstanceId>i-1</InstanceId><State>${state}</State><ReasonCode>N/A</ReasonCode>` +
      `<Description>${description}</Description></member>`;
    await using server = wire(() =>
      query("DescribeInstanceHealth", `<InstanceStates>${states}</InstanceStates>`)
    );
    assertEquals((await registrations(server.aws, balancerRef({ fleet: "kas" }))).get("i-1"), registration);
  });
}

Deno.test("health() of an unknown load balancer fails with a not-found error", async () => {
  await using server = wire(() =>
    queryError("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named 'kas'")
  );
  assertEquals(isNotFound(await assertRejects(() => health(server.aws, "kas"))), true);
});

Deno.test("deregister() ignores an instance that ELB does not list", async () => {
  await using server = wire(() => queryError("InvalidInstance", "Could not find EC2 instance i-1."));
  await deregister(server.aws, "kas", "i-1");
  assertEquals(server.calls.length, 1);
});

Deno.test("deregister() fails for an unknown load balancer", async () => {
  await using server = wire(() =>
    queryError("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named 'kas'")
  );
  await assertRejects(() => deregister(server.aws, "kas", "i-1"));
});

Deno.test("createBalancer() sets listener, health check, draining and cross-zone balancing, though ELB does not list it yet", async () => {
  await using server = wire(({ action }) => {
    if (action === "CreateLoadBalancer") return query(action, "<DNSName>kas.elb.example</DNSName>");
    return action === "DescribeLoadBalancers"
      ? queryError("LoadBalancerNotFound", "There is no balancer 'kas'")
      : query(action, "");
  });
  const dnsName = await createBalancer(server.aws, { name: "kas", drainTimeout: 300_000 }, {
    zones: ["eu-west-1a", "eu-west-1b"],
  });
  assertEquals(dnsName, "kas.elb.example");
  const sent = Object.assign({}, ...server.calls.map(({ input }) => input)) as Record<string, string>;
  const expected = {
    "Listeners.member.1.Protocol": "HTTP",
    "Listeners.member.1.LoadBalancerPort": "30000",
    "Listeners.member.1.InstancePort": "30000",
    "AvailabilityZones.member.2": "eu-west-1b",
    "HealthCheck.Target": "HTTP:30000/ping",
    "LoadBalancerAttributes.ConnectionDraining.Enabled": "true",
    "LoadBalancerAttributes.ConnectionDraining.Timeout": "285",
    "LoadBalancerAttributes.CrossZoneLoadBalancing.Enabled": "true",
  };
  assertEquals(Object.fromEntries(Object.keys(expected).map((name) => [name, sent[name]])), expected);
  // Source: ELB API, HealthCheck: the timeout must be less than the interval.
  assertEquals(Number(sent["HealthCheck.Timeout"]) < Number(sent["HealthCheck.Interval"]), true);
});

Deno.test("createBalancer() does not create a load balancer that already exists", async () => {
  await using server = wire(({ action }) =>
    action === "DescribeLoadBalancers" ? described(balancer("kas")) : query(action, "")
  );
  await createBalancer(server.aws, { name: "kas", drainTimeout: 300_000 }, { zones: ["eu-west-1a"] });
  assertEquals(server.calls.some(({ action }) => action === "CreateLoadBalancer"), false);
});
