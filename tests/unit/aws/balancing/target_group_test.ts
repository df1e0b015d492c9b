import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  balancerRef,
  deregister,
  findBalancer,
  health,
  register,
  registrations,
} from "../../../../src/aws/balancing/balancer.ts";
import { IncompleteAnswerError, isNotFound, UnreachableError } from "../../../../src/aws/errors.ts";
import { applyChanges, requiredChanges } from "../../../../src/aws/balancing/target_group_settings.ts";
import { query, queryError, wire } from "../wire.ts";

const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";
const ALB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188";
/** Source: ALB guide, "CloudWatch metrics", "Metric dimensions". */
const COUNTED_BY_ALB = {
  namespace: "AWS/ApplicationELB",
  name: "RequestCount",
  dimensions: { LoadBalancer: "app/front/50dc6c495c0c9188", TargetGroup: "targetgroup/web/0123456789abcdef" },
};
const WEB = balancerRef({ fleet: "kas", loadBalancer: "kas", targetGroup: [ARN] });

/** Returns a target group with the settings that setup gives it, except the fields in `given`. */
function group(given: Readonly<Record<string, string>> = {}): Response {
  const fields = {
    TargetGroupArn: ARN,
    TargetGroupName: "web",
    Port: "30000",
    TargetType: "instance",
    HealthCheckEnabled: "true",
    HealthCheckProtocol: "HTTP",
    HealthCheckPort: "traffic-port",
    HealthCheckPath: "/ping",
    LoadBalancerArns: `<member>${ALB}</member>`,
    ...given,
  };
  const elements = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`).join("");
  return query("DescribeTargetGroups", `<TargetGroups><member>${elements}</member></TargetGroups>`);
}

function targets(
  ...found: readonly (readonly [id: string, state: string, reason?: string | undefined])[]
): Response {
  const members = found.map(([id, state, reason]) =>
    `<member><Target><Id>${id}</Id><Port>30000</Port></Target><TargetHealth><State>${state}</State>` +
    (reason === undefined ? "" : `<Reason>${reason}</Reason><Description>${reason} it is</Description>`) +
    "</TargetHealth></member>"
  );
  return query(
    "DescribeTargetHealth",
    `<TargetHealthDescriptions>${members.join("")}</TargetHealthDescriptions>`,
  );
}

function delayed(seconds: string): Response {
  const attribute = `<Key>deregistration_delay.timeout_seconds</Key><Value>${seconds}</Value>`;
  return query(
    "DescribeTargetGroupAttributes",
    `<Attributes><member>${attribute}</member></Attributes>`,
  );
}

for (
  const [state, reason, registration] of [
    ["healthy", undefined, "in-service"],
    ["draining", "Target.DeregistrationInProgress", "draining"],
    ["unhealthy.draining", "Target.FailedHealthChecks", "draining"],
    ["initial", "Elb.RegistrationInProgress", "out-of-service"],
    ["unhealthy", "Target.ResponseCodeMismatch", "out-of-service"],
    ["unavailable", "Target.HealthCheckDisabled", "out-of-service"],
    ["unused", "Target.NotInUse", "out-of-service"],
    ["unused", "Target.InvalidState", "out-of-service"],
    ["unused", "Target.NotRegistered", undefined],
  ] as const
) {
  Deno.test(`a target with state ${state} and reason ${reason} is ${registration ?? "not registered"}`, async () => {
    await using server = wire(() => targets(["i-1", state, reason]));
    assertEquals((await registrations(server.aws, WEB)).get("i-1"), registration);
  });
}

Deno.test("health() fails as incomplete if ELB could not read the health of a target", async () => {
  await using server = wire(() => targets(["i-1", "healthy"], ["i-2", "unavailable", "Elb.InternalError"]));
  await assertRejects(() => health(server.aws, WEB), IncompleteAnswerError, "i-2");
});

Deno.test("health() replaces the description of an unused target with an explanation", async () => {
  await using server = wire(() =>
    targets(["i-1", "healthy"], ["i-2", "unhealthy", "Target.Timeout"], ["i-3", "unused", "Target.NotInUse"])
  );
  assertEquals(
    (await health(server.aws, WEB)).map((
      { id, state, description, unused },
    ) => [id, state, description.replace(/ in the .*/, ""), unused]),
    [
      ["i-1", "healthy", "N/A", false],
      ["i-2", "unhealthy", "Target.Timeout it is", false],
      ["i-3", "unused", "no load balancer uses the target group", true],
    ],
  );
});

Deno.test("health() fails with a not-found error for an unknown group, and as unreachable for a response without a list", async () => {
  await using gone = wire(() => queryError("TargetGroupNotFound", "One or more target groups not found"));
  assert(isNotFound(await assertRejects(() => health(gone.aws, WEB))));
  assertEquals(await findBalancer(gone.aws, WEB), undefined);
  await using odd = wire(({ action }) => query(action, ""));
  await assertRejects(() => health(odd.aws, WEB), UnreachableError);
});

Deno.test("findBalancer() returns the group's load balancer and the instances that are not draining", async () => {
  const balancer =
    "<member><DNSName>web.elb</DNSName><AvailabilityZones><member><ZoneName>eu-west-1a</ZoneName>" +
    "</member></AvailabilityZones></member>";
  await using server = wire(({ action }) =>
    action === "DescribeTargetGroups"
      ? group()
      : action === "DescribeLoadBalancers"
      ? query(action, `<LoadBalancers>${balancer}</LoadBalancers>`)
      : targets(["i-1", "healthy"], ["i-2", "draining", "Target.DeregistrationInProgress"])
  );
  assertEquals(await findBalancer(server.aws, WEB), {
    name: "web",
    dnsName: "web.elb",
    instances: ["i-1"],
    healthCheck: "HTTP:30000/ping",
    securityGroups: [],
    ports: [30_000],
    zones: ["eu-west-1a"],
    requests: COUNTED_BY_ALB,
  });
});

for (
  const [title, balancer, requests] of [
    ["an Application Load Balancer", ALB, COUNTED_BY_ALB],
    // A Network Load Balancer counts the connections of all its target groups together.
    ["a Network Load Balancer", ALB.replace("/app/", "/net/"), {
      namespace: "AWS/NetworkELB",
      name: "NewFlowCount",
      dimensions: { LoadBalancer: "net/front/50dc6c495c0c9188" },
    }],
    ["no load balancer", undefined, undefined],
  ] as const
) {
  Deno.test(`findBalancer() returns the metric of a group with ${title}`, async () => {
    await using server = wire(({ action }) =>
      action === "DescribeTargetGroups"
        ? group({ LoadBalancerArns: balancer === undefined ? "" : `<member>${balancer}</member>` })
        : action === "DescribeLoadBalancers"
        ? query(action, "<LoadBalancers/>")
        : targets()
    );
    assertEquals((await findBalancer(server.aws, WEB))?.requests, requests);
  });
}

/** A target group with targets `id:port`, all in one state. The group's own port is 30000. */
function groupWith(targets: Set<string>, state = "healthy") {
  return wire(({ action, input }) => {
    if (action === "DescribeTargetHealth") {
      return targetsAt(...[...targets].map((target) => [target, state] as const));
    }
    for (let i = 1; input[`Targets.member.${i}.Id`] !== undefined; i++) {
      const target = `${input[`Targets.member.${i}.Id`]}:${input[`Targets.member.${i}.Port`] ?? 30_000}`;
      if (action === "RegisterTargets") targets.add(target);
      else targets.delete(target);
    }
    return query(action, "");
  });
}

/** Targets by `id:port`. */
function targetsAt(...found: readonly (readonly [target: string, state: string])[]): Response {
  const members = found.map(([target, state]) => {
    const [id, port] = target.split(":");
    return `<member><Target><Id>${id}</Id><Port>${port}</Port></Target>` +
      `<TargetHealth><State>${state}</State></TargetHealth></member>`;
  });
  return query(
    "DescribeTargetHealth",
    `<TargetHealthDescriptions>${members.join("")}</TargetHealthDescriptions>`,
  );
}

for (
  const [found, state, ports] of [
    [[], "healthy", [undefined]],
    // The others show at which port the service listens.
    [["i-2:8080"], "healthy", ["8080"]],
    [["i-2:8080", "i-3:8080"], "healthy", ["8080"]],
    [["i-2:8080", "i-2:8081", "i-3:8081", "i-3:8080"], "healthy", ["8080", "8081"]],
    [["i-2:8080", "i-3:8081"], "healthy", [undefined]],
    // Somebody may have registered it at a wrong port.
    [["i-2:8080"], "unhealthy", [undefined]],
  ] as const
) {
  const names = ports.map((port) => port ?? "the group's port").join(" and ");
  Deno.test(`register() registers an instance at ${names} if the group has ${found.join(", ") || "none"}, ${state}`, async () => {
    await using server = groupWith(new Set<string>(found), state);
    await register(server.aws, WEB, "i-1");
    const { action, input = {} } = server.calls.at(-1) ?? {};
    const sent = [1, 2].filter((i) => input[`Targets.member.${i}.Id`] === "i-1")
      .map((i) => input[`Targets.member.${i}.Port`]);
    assertEquals([action, sent], ["RegisterTargets", ports]);
  });
}

Deno.test("deregister() deregisters an instance at every port, and no other instance", async () => {
  const targets = new Set(["i-1:8080", "i-1:30000", "i-2:8080"]);
  await using server = groupWith(targets);
  await deregister(server.aws, WEB, "i-1");
  assertEquals([...targets], ["i-2:8080"]);
});

Deno.test("deregister() sends no port for an instance that ELB does not list", async () => {
  await using server = groupWith(new Set());
  await deregister(server.aws, WEB, "i-1");
  const { action, input } = server.calls.at(-1) ?? {};
  assertEquals([action, input?.["Targets.member.1.Id"], input?.["Targets.member.1.Port"]], [
    "DeregisterTargets",
    "i-1",
    undefined,
  ]);
});

Deno.test("register() adds no target at a different port if the instance has a draining target", async () => {
  const targets = new Set(["i-1:8080"]);
  await using server = groupWith(targets, "draining");
  await register(server.aws, WEB, "i-1");
  assertEquals([...targets], ["i-1:8080"]);
  assertEquals(server.calls.at(-1)?.input["Targets.member.1.Port"], "8080");
});

for (
  const [states, registration] of [
    [["unhealthy", "healthy"], "out-of-service"],
    [["initial", "draining"], "out-of-service"],
    // The instance still receives requests at the other port.
    [["draining", "healthy"], "in-service"],
    [["draining", "draining"], "draining"],
    [["healthy", "healthy"], "in-service"],
  ] as const
) {
  Deno.test(`an instance with targets ${states.join(" and ")} is ${registration}, in either order`, async () => {
    for (const [first, second] of [states, states.toReversed()]) {
      await using server = wire(() => targetsAt(["i-1:30000", first ?? ""], ["i-1:8080", second ?? ""]));
      assertEquals((await registrations(server.aws, WEB)).get("i-1"), registration);
      assertEquals((await health(server.aws, WEB)).map(({ registration }) => registration), [registration]);
    }
  });
}

Deno.test("deregister() ignores a target that ELB does not list, and register() fails for such a target", async () => {
  await using server = wire(({ action }) =>
    action === "DescribeTargetHealth"
      ? targetsAt()
      : queryError("InvalidTarget", "The specified target does not exist")
  );
  await deregister(server.aws, WEB, "i-1");
  await assertRejects(() => register(server.aws, WEB, "i-1"));
});

const PING = { protocol: "HTTP", port: 30_000, path: "/ping" } as const;
const AT_ITS_PORT = { protocol: "TCP", port: undefined, path: undefined } as const;

for (
  const [why, given, delay, healthCheck, expected] of [
    ["has the required settings", {}, "120", PING, {}],
    ["has another port than its health check", { HealthCheckPort: "30000", Port: "80" }, "120", PING, {}],
    ["checks another port", { Port: "80" }, "120", PING, { healthCheck: PING }],
    ["checks another path", { HealthCheckPath: "/" }, "120", PING, { healthCheck: PING }],
    ["checks with TCP", { HealthCheckProtocol: "TCP" }, "120", PING, { healthCheck: PING }],
    ["checks with TCP as required", { HealthCheckProtocol: "TCP" }, "120", AT_ITS_PORT, {}],
    ["checks a service of its own", { HealthCheckPath: "/healthz", Port: "80" }, "120", undefined, {}],
    ["has no delay", {}, "0", PING, { delay: 120 }],
    ["drains for the whole drain timeout", {}, "300", PING, { delay: 120 }],
  ] as const
) {
  Deno.test(`requiredChanges() returns ${JSON.stringify(expected)} for a target group that ${why}`, async () => {
    await using server = wire(({ action }) =>
      action === "DescribeTargetGroups" ? group(given) : delayed(delay)
    );
    const found = await requiredChanges(server.aws, ARN, { healthCheck, drainTimeout: 300_000 });
    assertEquals<unknown>(found, expected);
  });
}

Deno.test("requiredChanges() adapts the deregistration delay to a short --drain-timeout, and fails for targets by address", async () => {
  await using short = wire(({ action }) => action === "DescribeTargetGroups" ? group() : delayed("120"));
  assertEquals(await requiredChanges(short.aws, ARN, { healthCheck: PING, drainTimeout: 60_000 }), {
    delay: 45,
  });
  await using ip = wire(({ action }) =>
    action === "DescribeTargetGroups" ? group({ TargetType: "ip" }) : delayed("120")
  );
  await assertRejects(
    () => requiredChanges(ip.aws, ARN, { healthCheck: PING, drainTimeout: 300_000 }),
    Error,
    "target type is ip",
  );
});

Deno.test("applyChanges() changes only the given settings of a target group", async () => {
  await using server = wire(({ action }) => query(action, ""));
  await applyChanges(server.aws, ARN, {});
  assertEquals(server.calls, []);
  await applyChanges(server.aws, ARN, { healthCheck: PING, delay: 120 });
  const sent = server.calls.map((
    { action, input },
  ) => [action, input["HealthCheckPort"], input["HealthCheckPath"]]);
  assertEquals(sent, [
    ["ModifyTargetGroup", "30000", "/ping"],
    ["ModifyTargetGroupAttributes", undefined, undefined],
  ]);
  assertEquals(server.calls[1]?.input["Attributes.member.1.Value"], "120");
});
