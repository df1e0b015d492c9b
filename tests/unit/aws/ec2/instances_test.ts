import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { endQuarantine, quarantine } from "../../../../src/aws/ec2/quarantine.ts";
import {
  findInstance,
  fleetInstances,
  instanceTags,
  sharedFleet,
  withRegistration,
} from "../../../../src/aws/ec2/instances.ts";
import { instanceOf, stateReasonText } from "../../../../src/aws/ec2/ec2_instance.ts";
import { launchInstances } from "../../../../src/aws/ec2/launch.ts";
import { startInstance, terminateInstance } from "../../../../src/aws/ec2/state_changes.ts";
import { ec2, ec2Error, wire, type WireCall } from "../wire.ts";

/** An `<item>` of instancesSet. */
function item(id: string, tags: Record<string, string> = {}, more = ""): string {
  const tagSet = Object.entries(tags).map(([key, value]) =>
    `<item><key>${key}</key><value>${value}</value></item>`
  );
  return `<item><instanceId>${id}</instanceId><instanceState><code>80</code><name>stopped</name></instanceState>` +
    `<instanceType>t3.micro</instanceType><placement><availabilityZone>eu-west-1a</availabilityZone></placement>` +
    `<tagSet>${tagSet.join("")}</tagSet>${more}</item>`;
}

function page(items: readonly string[], next = ""): Response {
  const reservations = items.map((item) => `<item><instancesSet>${item}</instancesSet></item>`).join("");
  return ec2(
    "DescribeInstances",
    `<reservationSet>${reservations}</reservationSet>${next && `<nextToken>${next}</nextToken>`}`,
  );
}

Deno.test("fleetInstances() requests the fleet's instances page by page until a page has no token", async () => {
  await using server = wire(({ input }) => {
    switch (input["NextToken"]) {
      case undefined:
        return page([item("i-1")], "two");
      // An empty page is not always the last one.
      case "two":
        return page([], "three");
      default:
        return page([item("i-2"), item("i-3")]);
    }
  });
  const found = await Array.fromAsync(fleetInstances(server.aws, { fleet: "web" }));
  assertEquals(found.map(({ id }) => id), ["i-1", "i-2", "i-3"]);
  assertEquals(server.calls.length, 3);
  const input = server.calls[0]?.input ?? {};
  assertEquals([input["Filter.1.Name"], input["Filter.1.Value.1"]], ["tag:kas:fleet", "web"]);
  assertEquals(input["Filter.2.Name"], "instance-state-name");
  const states = Object.entries(input).filter(([name]) => name.startsWith("Filter.2.Value")).map((
    [, value],
  ) => value);
  assertEquals(states.includes("terminated"), false);
  assertEquals(states.includes("stopped"), true);
  assertEquals(input["MaxResults"], "1000");
});

Deno.test("fleetInstances() leaves an instance with the tag of another fleet to that fleet, also if it has the key pair", async () => {
  await using server = wire(() =>
    page([item("i-1"), item("i-2", { "kas:fleet": "other" }), item("i-3", { "kas:fleet": "kas" })])
  );
  const found = await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas", keyName: "kas-key" }));
  assertEquals(found.map(({ id }) => id), ["i-1", "i-3"]);
});

Deno.test("fleetInstances() selects the instances of a legacy fleet by key pair", async () => {
  await using server = wire(() => page([]));
  await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas", keyName: "kas-key" }));
  const input = server.calls[0]?.input ?? {};
  assertEquals([input["Filter.1.Name"], input["Filter.1.Value.1"]], ["key-name", "kas-key"]);
});

for (
  const [why, tags, keyName, role] of [
    ["kas:role is base", { "kas:role": "base" }, undefined, "base"],
    ["kas:role is control", { "kas:role": "control" }, undefined, "control"],
    ["kas:role is node and its name says base", { "kas:role": "node", Name: "kas_base" }, undefined, "node"],
    ["its name is <fleet>_base", { Name: "kas_base" }, undefined, "base"],
    ["its name is <fleet>_ctl", { Name: "kas_ctl" }, undefined, "control"],
    ["its name is <key pair>_base", { Name: "old_base" }, "old", "base"],
    ["its name is <other fleet>_base", { Name: "web_base" }, undefined, "node"],
    ["it has no tag", {}, undefined, "node"],
  ] as const
) {
  Deno.test(`an instance is a ${role} if ${why}`, async () => {
    const key = keyName === undefined ? "" : `<keyName>${keyName}</keyName>`;
    await using server = wire(() => page([item("i-1", tags, key)]));
    const [found] = await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
    assertEquals(found?.role, role);
  });
}

Deno.test("findInstance() converts EC2's description of an instance", async () => {
  const tags = {
    Name: "kas_node",
    "kas:fleet": "kas",
    "kas:quarantine": "no capacity",
    "aws:autoscaling:groupName": "asg",
    "kas:protected": "true",
    "kas:by-operator": "2026-11-23T20:59:58.250Z",
    "kas:detached": "2026-11-23T20:59:58.250Z",
  };
  const more =
    "<reason>User initiated (2026-11-23 21:00:00 GMT)</reason><launchTime>2026-11-23T20:00:00.000Z</launchTime>" +
    "<stateReason><code>Client.UserInitiatedShutdown</code>" +
    "<message>Client.UserInitiatedShutdown: User initiated shutdown</message></stateReason>" +
    "<privateIpAddress>10.0.0.7</privateIpAddress><dnsName></dnsName>";
  await using server = wire(() => page([item("i-1", tags, more)]));
  assertEquals(await findInstance(server.aws, "i-1"), {
    id: "i-1",
    name: "kas_node",
    role: "node",
    state: "stopped",
    type: "t3.micro",
    zone: "eu-west-1a",
    monitoring: "basic",
    privateIp: "10.0.0.7",
    launched: Date.UTC(2026, 10, 23, 20),
    stateReason: {
      code: "Client.UserInitiatedShutdown",
      message: "Client.UserInitiatedShutdown: User initiated shutdown",
    },
    stateTransitionReason: "User initiated (2026-11-23 21:00:00 GMT)",
    stateTransitionAt: Date.UTC(2026, 10, 23, 21),
    stoppedAt: Date.UTC(2026, 10, 23, 21),
    quarantine: "no capacity",
    autoScalingGroup: "asg",
    protected: true,
    detached: true,
    byOperator: Date.UTC(2026, 10, 23, 20, 59, 58, 250),
  });
});

Deno.test("findInstance() returns an instance's VPC, whether it is a Spot instance, its root device, and whether its address is an Elastic IP", async () => {
  const more = (lifecycle: string, root: string, owner: string) =>
    `${lifecycle}<vpcId>vpc-1</vpcId><rootDeviceType>${root}</rootDeviceType><networkInterfaceSet><item><association>` +
    `<publicIp>203.0.113.7</publicIp><ipOwnerId>${owner}</ipOwnerId></association></item></networkInterfaceSet>`;
  const spot = "<instanceLifecycle>spot</instanceLifecycle>";
  await using server = wire(() =>
    page([
      item("i-1", {}, more(spot, "instance-store", "amazon")),
      item("i-2", {}, more("", "ebs", "123456789012")),
      item("i-3", {}),
    ])
  );
  const found = await Array.fromAsync(fleetInstances(server.aws, { fleet: "kas" }));
  const facts = found.map(({ vpc, spot, instanceStore, elasticIp }) => [vpc, spot, instanceStore, elasticIp]);
  assertEquals(facts, [
    ["vpc-1", true, true, false],
    ["vpc-1", undefined, undefined, true],
    [undefined, undefined, undefined, undefined],
  ]);
});

Deno.test("a running instance has the time of its last transition, and has no stop time", async () => {
  const running = item("i-1", {}, "<reason>User initiated (2026-11-23 21:00:00 GMT)</reason>")
    .replace("<name>stopped</name>", "<name>running</name>");
  await using server = wire(() => page([running]));
  const found = await findInstance(server.aws, "i-1");
  assertEquals([found?.state, found?.stateTransitionAt, found?.stoppedAt], [
    "running",
    Date.UTC(2026, 10, 23, 21),
    undefined,
  ]);
});

for (
  const [state, monitoring] of [
    ["enabled", "detailed"],
    ["pending", "detailed"],
    ["disabled", "basic"],
    ["disabling", "basic"],
  ] as const
) {
  Deno.test(`an instance whose monitoring is ${state} has ${monitoring} monitoring`, async () => {
    await using server = wire(() =>
      page([item("i-1", {}, `<monitoring><state>${state}</state></monitoring>`)])
    );
    assertEquals((await findInstance(server.aws, "i-1"))?.monitoring, monitoring);
  });
}

for (
  const [what, instance, text] of [
    ["the message with its code", {
      stateReason: { code: "Client.InternalError", message: "Client.InternalError: Client error on launch" },
    }, "Client.InternalError: Client error on launch"],
    ["the code and a message without it", {
      stateReason: { code: "Server.SpotInstanceTermination", message: "Spot capacity is gone" },
    }, "Server.SpotInstanceTermination: Spot capacity is gone"],
    [
      "the code alone",
      { stateReason: { code: "Client.InternalError", message: "" } },
      "Client.InternalError",
    ],
    ["the transition's reason", { stateTransitionReason: "Server.InternalError" }, "Server.InternalError"],
    ["nothing without a reason", {}, undefined],
  ] as const
) {
  Deno.test(`stateReasonText() is ${what}`, () => assertEquals(stateReasonText(instance), text));
}

Deno.test("concurrent searches for instances share a call, and only an unknown instance is undefined", async () => {
  await using server = wire(() => page([item("i-1"), item("i-3")]));
  const found = await Promise.all(["i-1", "i-2", "i-3", "i-1"].map((id) => findInstance(server.aws, id)));
  assertEquals(found.map((it) => it?.id), ["i-1", undefined, "i-3", "i-1"]);
  const filters = server.calls.map(({ input }) => [1, 2, 3, 4].map((n) => input[`Filter.1.Value.${n}`]));
  assertEquals(filters, [["i-1", "i-2", "i-3", undefined]]);
});

Deno.test("concurrent listings of a fleet share their calls", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === "more" ? page([item("i-2")]) : page([item("i-1")], "more")
  );
  const listings = await Promise.all([1, 2].map(() => sharedFleet(server.aws, { fleet: "kas" })));
  assertEquals(listings.map((all) => all.map(({ id }) => id)), [["i-1", "i-2"], ["i-1", "i-2"]]);
  assertEquals(server.calls.length, 2);
});

Deno.test("startInstance() and terminateInstance() send one instance id and return the instance's states", async () => {
  const states =
    "<instancesSet><item><instanceId>i-1</instanceId><currentState><name>pending</name></currentState>" +
    "<previousState><name>stopped</name></previousState></item></instancesSet>";
  await using server = wire(({ action }) => ec2(action, states));
  assertEquals(await startInstance(server.aws, "i-1"), { id: "i-1", before: "stopped", after: "pending" });
  await terminateInstance(server.aws, "i-1");
  assertEquals(server.calls.map(({ action }) => action), ["StartInstances", "TerminateInstances"]);
  assertEquals(server.calls.map(({ input }) => input["InstanceId.1"]), ["i-1", "i-1"]);
});

Deno.test("launchInstances() sets tags in the launch call, and the SDK's retry uses the same client token", async () => {
  await using server = wire(({ action }, i) =>
    i === 0
      ? ec2Error("RequestLimitExceeded", "Slow down.", 503)
      : ec2(action, `<instancesSet>${item("i-1", { Name: "kas_ctl" })}</instancesSet>`)
  );
  const launch = { fleet: "kas", role: "control", count: 1 } as const;
  const launched = await launchInstances(server.aws, {
    ...launch,
    launchTemplate: "lt-1:$Latest",
    securityGroups: ["sg-1", "web"],
    userData: "#!/bin/sh\n",
  });
  assertEquals(launched.map(({ id, role }) => [id, role]), [["i-1", "control"]]);
  const [first, second] = server.calls.map(({ input }) => input);
  assertEquals(first?.["ClientToken"], second?.["ClientToken"]);
  assertEquals(tagsAtLaunch(server.calls[1]), { "kas:fleet": "kas", "kas:role": "control", Name: "kas_ctl" });
  const { MinCount, MaxCount, UserData } = second ?? {};
  assertEquals({ MinCount, MaxCount, UserData }, {
    MinCount: "1",
    MaxCount: "1",
    UserData: btoa("#!/bin/sh\n"),
  });
  assertEquals(second?.["LaunchTemplate.LaunchTemplateId"], "lt-1");
  assertEquals(second?.["Monitoring.Enabled"], "true");
  assertEquals(second?.["LaunchTemplate.Version"], "$Latest");
  assertEquals([second?.["SecurityGroupId.1"], second?.["SecurityGroup.1"]], ["sg-1", "web"]);

  await launchInstances(server.aws, { ...launch, monitoring: "basic" });
  assertEquals(server.calls[2]?.input["Monitoring.Enabled"], "false");
  assertNotEquals(server.calls[2]?.input["ClientToken"], first?.["ClientToken"]);
});

Deno.test("instanceTags() requests the tags of 200 instances per call", async () => {
  await using server = wire(({ input }) => page([item(String(input["Filter.1.Value.1"]), { Name: "n" })]));
  const tags = await instanceTags(server.aws, Array.from({ length: 201 }, (_, i) => `i-${i}`));
  assertEquals([...tags], [["i-0", { Name: "n" }], ["i-200", { Name: "n" }]]);
});

Deno.test("quarantine() writes the time at which the quarantine ends into the tag, and instanceOf() reads it", async () => {
  await using server = wire(({ action }) => ec2(action, "<return>true</return>"));
  const until = Date.UTC(2026, 10, 24, 12, 30);
  await quarantine(server.aws, "i-1", "no capacity; until: later", until);
  const [tag] = server.calls;
  const value = tag?.input["Tag.1.Value"];
  assertEquals(value, "until 2026-11-24T12:30:00Z: no capacity - until: later");
  const read = (Value: string) => instanceOf({ Tags: [{ Key: "kas:quarantine", Value }] }, "kas");
  const { quarantine: reason, quarantineUntil } = read(String(value));
  assertEquals([reason, quarantineUntil], ["no capacity - until: later", until]);
  for (const old of ["by hand", "until tomorrow: it broke", "until 2026-99-99T12:30:00Z: it broke"]) {
    assertEquals([read(old).quarantine, read(old).quarantineUntil], [old, undefined]);
  }
});

Deno.test("the tag kas:by-operator counts if it contains a time that is not before the instance's last start", () => {
  const read = (Value: string, LaunchTime?: Date) =>
    instanceOf({ Tags: [{ Key: "kas:by-operator", Value }], ...(LaunchTime && { LaunchTime }) }, "kas")
      .byOperator;
  const at = "2026-11-24T12:30:00.500Z";
  assertEquals(read(at), Date.parse(at));
  assertEquals(read(at, new Date(at)), Date.parse(at));
  assertEquals(read(at, new Date("2026-11-24T12:30:01Z")), undefined);
  for (const unreadable of ["", "true", "by hand", "2026-99-24T12:30:00Z"]) {
    assertEquals(read(unreadable), undefined);
  }
});

Deno.test("quarantine() writes the reason into a tag, and endQuarantine() deletes the tag", async () => {
  await using server = wire(({ action }) => ec2(action, "<return>true</return>"));
  await quarantine(server.aws, "i-1", "x".repeat(300));
  await endQuarantine(server.aws, "i-1");
  const [tag, untag] = server.calls;
  assertEquals(tag?.input["Tag.1.Key"], "kas:quarantine");
  assertMatch(String(tag?.input["Tag.1.Value"]), /^x{256}$/);
  assertEquals([untag?.action, untag?.input["Tag.1.Key"]], ["DeleteTags", "kas:quarantine"]);
});

Deno.test("withRegistration() removes the fields that no scaling rule uses", () => {
  const base = { id: "i-1", name: "", role: "node", state: "running", type: "", zone: "" } as const;
  assertEquals(withRegistration([{ ...base, publicIp: "203.0.113.7" }], new Map()), [
    { ...base, registration: "none" },
  ]);
});

Deno.test("withRegistration() leaves an instance unregistered if the load balancer does not list it", () => {
  const base = { name: "", role: "node", state: "running", type: "", zone: "" } as const;
  const joined = withRegistration(
    [{ ...base, id: "i-1" }, { ...base, id: "i-2" }],
    new Map([["i-1", "draining"]]),
  );
  assertEquals(joined.map(({ registration }) => registration), ["draining", "none"]);
});

function tagsAtLaunch(call: WireCall | undefined): Record<string, unknown> {
  const input = call?.input ?? {};
  return Object.fromEntries(
    [1, 2, 3].map((
      n,
    ) => [input[`TagSpecification.1.Tag.${n}.Key`], input[`TagSpecification.1.Tag.${n}.Value`]]),
  );
}
