import { assert, assertEquals, assertMatch } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import type { Shape } from "../../../../src/sandbox/wire/action.ts";
import { at } from "../output.ts";
import { A, assertCode, B, C, type Fixture, startEc2 } from "./fixture.ts";

/** Returns the ids that DescribeInstances lists. */
async function described(aws: Fixture, input: Shape): Promise<unknown> {
  return at(await aws.call("DescribeInstances", input), "Reservations.*.Instances.*.InstanceId");
}

Deno.test("StartInstances makes a stopped instance pending, and running after the boot time", async () => {
  await using aws = startEc2();
  const started = await aws.call("StartInstances", { InstanceIds: [A] });
  assertEquals(at(started, "StartingInstances"), [{
    InstanceId: A,
    CurrentState: { Code: 0, Name: "pending" },
    PreviousState: { Code: 80, Name: "stopped" },
  }]);
  aws.clock.advance(1_999);
  assertEquals(aws.state(A), "pending");
  aws.clock.advance(1);
  assertEquals(aws.state(A), "running");
  assertEquals([...aws.on], [A]);
});

Deno.test("StopInstances makes a running instance stopping, and stopped with its machine off after the shutdown time", async () => {
  await using aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(2_000);
  const stopped = await aws.call("StopInstances", { InstanceIds: [A] });
  assertEquals(at(stopped, "StoppingInstances.0.CurrentState"), { Code: 64, Name: "stopping" });
  aws.clock.advance(999);
  assertEquals(aws.state(A), "stopping");
  await aws.pass(1, A, "stopped");
  assertEquals([...aws.on], []);
  const instance = at(
    await aws.call("DescribeInstances", { InstanceIds: [A] }),
    "Reservations.0.Instances.0",
  );
  assertEquals(at(instance, "StateTransitionReason"), "User initiated (2026-01-01 00:00:02 GMT)");
  assertEquals(at(instance, "StateReason.Code"), "Client.UserInitiatedShutdown");
});

Deno.test("an instance keeps its private address, and has a public address and the time of its latest start while it runs", async () => {
  await using aws = startEc2();
  const look = async () =>
    at(await aws.call("DescribeInstances", { InstanceIds: [A] }), "Reservations.0.Instances.0");
  const stopped = await look();
  assertEquals([at(stopped, "PublicDnsName"), at(stopped, "PublicIpAddress")], ["", undefined]);
  const address = at(stopped, "PrivateIpAddress");
  assertMatch(String(address), /^127\.77\./);
  aws.clock.advance(60_000);
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(2_000);
  const running = await look();
  for (const name of ["PrivateIpAddress", "PublicDnsName", "PublicIpAddress"]) {
    assertEquals(at(running, name), address, name);
  }
  assertEquals(at(running, "LaunchTime"), new Date("2026-01-01T00:01:00.000Z"));
  assertEquals(at(running, "StateTransitionReason"), "");
});

Deno.test("StartInstances and StopInstances fail in states that do not permit a start or stop", async () => {
  await using aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A] });
  // A pending instance ignores another start.
  assertEquals(
    at(await aws.call("StartInstances", { InstanceIds: [A] }), "StartingInstances.0.CurrentState.Name"),
    "pending",
  );
  aws.clock.advance(2_000);
  // A running instance ignores a start.
  assertEquals(
    at(await aws.call("StartInstances", { InstanceIds: [A] }), "StartingInstances.0.CurrentState.Name"),
    "running",
  );
  // A stopped instance ignores a stop.
  assertEquals(
    at(await aws.call("StopInstances", { InstanceIds: [B] }), "StoppingInstances.0.CurrentState.Name"),
    "stopped",
  );
  await aws.call("StopInstances", { InstanceIds: [A] });
  // stopping
  assertEquals(
    at(await aws.call("StopInstances", { InstanceIds: [A] }), "StoppingInstances.0.CurrentState.Name"),
    "stopping",
  );
  assertEquals(
    await assertCode(aws, "IncorrectInstanceState", "StartInstances", { InstanceIds: [A] }),
    `The instance '${A}' is not in a state from which it can be started.`,
  );
  // terminated
  await aws.call("TerminateInstances", { InstanceIds: [C] });
  assertEquals(aws.state(C), "terminated");
  await assertCode(aws, "IncorrectInstanceState", "StartInstances", { InstanceIds: [C] });
  await assertCode(aws, "IncorrectInstanceState", "StopInstances", { InstanceIds: [C] });
  // a new one that never ran
  await aws.call("RunInstances", { ImageId: "ami-1", MinCount: "1", MaxCount: "1" });
  await assertCode(aws, "IncorrectInstanceState", "StopInstances", { InstanceIds: ["i-00000000000000004"] });
});

Deno.test("StartInstances starts no instance if one of the requested instances is invalid", async () => {
  await using aws = startEc2();
  aws.faults.set(`no-capacity=${B}`);
  await assertCode(aws, "InsufficientInstanceCapacity", "StartInstances", { InstanceIds: [A, B] }, 500);
  await assertCode(aws, "InvalidInstanceID.NotFound", "StartInstances", { InstanceIds: [A, "i-0badc0de"] });
  await assertCode(aws, "InvalidInstanceID.Malformed", "StartInstances", { InstanceIds: [A, "i-1"] });
  await assertCode(aws, "MissingParameter", "StartInstances", {});
  assertEquals([aws.state(A), aws.state(B)], ["stopped", "stopped"]);
  aws.faults.clear();
  await aws.call("StartInstances", { InstanceIds: [A, B] });
  assertEquals([aws.state(A), aws.state(B)], ["pending", "pending"]);
});

Deno.test("DryRun fails with 412 DryRunOperation and changes nothing", async () => {
  await using aws = startEc2();
  for (const action of ["StartInstances", "StopInstances", "TerminateInstances", "MonitorInstances"]) {
    await assertCode(aws, "DryRunOperation", action, { InstanceIds: [A], DryRun: "true" }, 412);
  }
  await assertCode(aws, "DryRunOperation", "RunInstances", {
    ImageId: "x",
    MinCount: "1",
    MaxCount: "1",
    DryRun: "true",
  }, 412);
  assertEquals([aws.state(A), aws.account.current.instances.size], ["stopped", 3]);
});

Deno.test("TerminateInstances makes a running instance shutting-down, then terminated and visible for an hour", async () => {
  await using aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(2_000);
  await aws.call("TerminateInstances", { InstanceIds: [A] });
  assertEquals(aws.state(A), "shutting-down");
  await aws.pass(1_000, A, "terminated");
  assertEquals([...aws.on], []);
  aws.clock.advance(3_600_000);
  assertEquals(aws.state(A), undefined);
});

Deno.test("an instance that is terminated during its boot stays terminated", async () => {
  await using aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A] });
  await aws.call("TerminateInstances", { InstanceIds: [A] });
  await aws.pass(2_000, A, "terminated");
  assertEquals([...aws.on], []);
});

Deno.test("DescribeInstances returns instances that match every filter by any value, with the wildcards * and ? and the escape \\", async () => {
  await using aws = startEc2();
  await aws.call("CreateTags", {
    Resources: [C],
    Tags: [{ Key: "Name", Value: "c*d" }, { Key: "kas:role", Value: "node" }],
  });
  await aws.call("StartInstances", { InstanceIds: [B] });
  const cases: readonly [filters: Record<string, string[]>, ids: string[]][] = [
    [{}, [A, B, C]],
    [{ "tag:Name": ["a", "b"] }, [A, B]],
    [{ "tag:kas:fleet": ["k?s"], "instance-state-name": ["pending"] }, [B]],
    [{ "tag:Name": ["c*"] }, [C]],
    [{ "tag:Name": ["c\\*d"] }, [C]],
    [{ "tag:Name": ["\\*"] }, []],
    [{ "tag:Name": ["A"] }, []],
    [{ "tag-key": ["kas:role"] }, [C]],
    [{ "key-name": ["key-?"] }, [A, B, C]],
    [{ "availability-zone": ["eu-west-1b"] }, [B]],
    [{ "instance-id": [A, C] }, [A, C]],
    [{ "instance-lifecycle": ["spot"] }, []],
  ];
  for (const [filters, ids] of cases) {
    const Filters = Object.entries(filters).map(([Name, Values]) => ({ Name, Values }));
    assertEquals(await described(aws, { Filters }), ids, JSON.stringify(filters));
  }
  await assertCode(aws, "InvalidParameterValue", "DescribeInstances", {
    Filters: [{ Name: "colour", Values: ["red"] }],
  });
});

Deno.test("DescribeInstances continues at the right instance if instances are created or removed between two pages", async () => {
  await using aws = startEc2();
  await aws.call("RunInstances", { ImageId: "ami-1", MinCount: "9", MaxCount: "9" });
  const first = await aws.call("DescribeInstances", { MaxResults: "5" });
  await aws.call("TerminateInstances", { InstanceIds: [A] });
  const second = await described(aws, { MaxResults: "5", NextToken: at(first, "NextToken") });
  assertEquals(second, [6, 7, 8, 9, 10].map((n) => `i-${n.toString(16).padStart(17, "0")}`));
  await assertCode(aws, "InvalidParameterCombination", "DescribeInstances", {
    MaxResults: "5",
    InstanceIds: [A],
  });
  await assertCode(aws, "InvalidParameterValue", "DescribeInstances", { MaxResults: "1" });
  await assertCode(aws, "InvalidNextToken", "DescribeInstances", { MaxResults: "5", NextToken: "x" });
});

Deno.test("RunInstances sets tags, distributes instances over the zones, and launches once per client token", async () => {
  await using aws = startEc2();
  const input = {
    ImageId: "ami-7",
    InstanceType: "c7g.large",
    KeyName: "key",
    SubnetId: "subnet-7",
    SecurityGroupIds: ["sg-7"],
    MinCount: "2",
    MaxCount: "3",
    ClientToken: "once",
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "kas:fleet", Value: "kas" }] }, {
      ResourceType: "volume",
      Tags: [],
    }],
  };
  const launched = await aws.call("RunInstances", input);
  // A and C are in zone a.
  assertEquals(at(launched, "Instances.*.Placement.AvailabilityZone"), [
    "eu-west-1b",
    "eu-west-1a",
    "eu-west-1b",
  ]);
  const first = at(launched, "Instances.0");
  for (
    const [path, value] of [
      ["ImageId", "ami-7"],
      ["InstanceType", "c7g.large"],
      ["KeyName", "key"],
      ["SubnetId", "subnet-7"],
      ["SecurityGroups.0.GroupId", "sg-7"],
      ["State.Name", "pending"],
    ] as const
  ) assertEquals(at(first, path), value, path);
  assertEquals(at(first, "Tags"), [{ Key: "kas:fleet", Value: "kas" }]);
  assertEquals(at(await aws.call("RunInstances", input), "Instances.length"), 3);
  assertEquals(aws.account.current.instances.size, 6);
  await assertCode(aws, "IdempotentParameterMismatch", "RunInstances", { ...input, MaxCount: "2" });
  await assertCode(aws, "MissingParameter", "RunInstances", { MinCount: "1", MaxCount: "1" });
});

Deno.test("RunInstances selects a zone with capacity, and fails if no zone has capacity", async () => {
  await using aws = startEc2();
  aws.faults.set("no-capacity=eu-west-1b");
  const launched = await aws.call("RunInstances", { ImageId: "ami-1", MinCount: "1", MaxCount: "1" });
  assertEquals(at(launched, "Instances.0.Placement.AvailabilityZone"), "eu-west-1a");
  const wish = {
    ImageId: "ami-1",
    MinCount: "1",
    MaxCount: "1",
    Placement: { AvailabilityZone: "eu-west-1b" },
  };
  await assertCode(aws, "InsufficientInstanceCapacity", "RunInstances", wish, 500);
});

Deno.test("EC2 tags can be created, overwritten, listed, and deleted by key or by key and value", async () => {
  await using aws = startEc2();
  const tags = () => aws.account.current.instances.get(A)?.tags;
  await aws.call("CreateTags", {
    Resources: [A, B],
    Tags: [{ Key: "Name", Value: "z" }, { Key: "q", Value: "1" }],
  });
  assertEquals(tags(), { Name: "z", "kas:fleet": "kas", q: "1" });
  await aws.call("DeleteTags", { Resources: [A], Tags: [{ Key: "q", Value: "2" }, { Key: "Name" }] });
  assertEquals(tags(), { "kas:fleet": "kas", q: "1" });
  await aws.call("DeleteTags", { Resources: [A] });
  assertEquals(tags(), {});
  assertEquals(at(await aws.call("DescribeTags", { Filters: [{ Name: "key", Values: ["q"] }] }), "Tags"), [
    { Key: "q", Value: "1", ResourceId: B, ResourceType: "instance" },
  ]);
  await assertCode(aws, "InvalidParameterValue", "CreateTags", {
    Resources: [A],
    Tags: [{ Key: "aws:x", Value: "" }],
  });
  await assertCode(aws, "InvalidID", "CreateTags", { Resources: ["vol-1"], Tags: [{ Key: "x", Value: "" }] });
  await assertCode(aws, "InvalidInstanceID.NotFound", "CreateTags", {
    Resources: ["i-0badc0de"],
    Tags: [{ Key: "x", Value: "" }],
  });
  const many = Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: "" }));
  await assertCode(aws, "TagLimitExceeded", "CreateTags", { Resources: [A], Tags: many });
});

Deno.test("MonitorInstances and UnmonitorInstances turn detailed monitoring on and off", async () => {
  await using aws = startEc2();
  assertEquals(at(await aws.call("MonitorInstances", { InstanceIds: [A] }), "InstanceMonitorings"), [
    { InstanceId: A, Monitoring: { State: "enabled" } },
  ]);
  assertEquals(aws.account.current.instances.get(A)?.detailedMonitoring, true);
  await aws.call("UnmonitorInstances", { InstanceIds: [A] });
  assertEquals(aws.account.current.instances.get(A)?.detailedMonitoring, false);
});

Deno.test("a stale DescribeInstances immediately after a start returns the old state", async () => {
  await using aws = startEc2();
  aws.faults.set("stale-reads=2s");
  aws.clock.advance(10_000);
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(1_000);
  const seen = async () =>
    at(await aws.call("DescribeInstances", { InstanceIds: [A] }), "Reservations.0.Instances.0.State.Name");
  assertEquals(await seen(), "stopped");
  aws.clock.advance(1_000);
  assertEquals(await seen(), "pending");
  aws.faults.clear();
  assertEquals(await seen(), "running");
});

Deno.test("DescribeAvailabilityZones lists the region's two zones", async () => {
  await using aws = startEc2();
  const zones = await aws.call("DescribeAvailabilityZones");
  assertEquals(at(zones, "AvailabilityZones.*.ZoneName"), ["eu-west-1a", "eu-west-1b"]);
  await assertCode(aws, "InvalidParameterValue", "DescribeAvailabilityZones", { ZoneNames: ["mars-1a"] });
});

Deno.test("two sandboxes on one host never use the same address", () => {
  using one = new LoopbackAddresses();
  using other = new LoopbackAddresses();
  const taken = [
    ...Array.from({ length: 300 }, () => one.take()),
    ...Array.from({ length: 10 }, () => other.take()),
  ];
  assertEquals(new Set(taken).size, 310);
  assert(taken.every((address) => /^127\.77\.\d+\.\d+$/.test(address)));
});

Deno.test("the fault protected=ID makes the stop and the termination of an instance fail", async () => {
  await using aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A, B] });
  await aws.pass(2_000, B, "running");
  aws.faults.set(`protected=${A}`);
  for (const action of ["StopInstances", "TerminateInstances"]) {
    await assertCode(aws, "OperationNotPermitted", action, { InstanceIds: [A, B] });
  }
  assertEquals([aws.state(A), aws.state(B)], ["running", "running"]);
  const attribute = async (InstanceId: string, Attribute: string, path: string) =>
    at(await aws.call("DescribeInstanceAttribute", { InstanceId, Attribute }), path);
  assertEquals(await attribute(A, "disableApiStop", "DisableApiStop.Value"), true);
  assertEquals(await attribute(A, "disableApiTermination", "DisableApiTermination.Value"), true);
  assertEquals(await attribute(B, "disableApiStop", "DisableApiStop.Value"), false);
});

Deno.test("StopInstances fails for a Spot instance of a one-time request, and stops one of a persistent request", async () => {
  await using aws = startEc2();
  const launched = async (SpotOptions: Shape) => {
    const InstanceMarketOptions = { MarketType: "spot", SpotOptions };
    const answer = await aws.call("RunInstances", {
      ImageId: "ami-1",
      MinCount: 1,
      MaxCount: 1,
      InstanceMarketOptions,
    });
    assertEquals(at(answer, "Instances.0.InstanceLifecycle"), "spot");
    const id = String(at(answer, "Instances.0.InstanceId"));
    await aws.pass(2_000, id, "running");
    return id;
  };
  const [oneTime, persistent] = [await launched({}), await launched({ SpotInstanceType: "persistent" })];
  await assertCode(aws, "UnsupportedOperation", "StopInstances", { InstanceIds: [oneTime] });
  await aws.call("StopInstances", { InstanceIds: [persistent] });
  assertEquals([aws.state(oneTime), aws.state(persistent)], ["running", "stopping"]);
});

Deno.test("the fault no-capacity=ID:TIME ends after the given time", async () => {
  await using aws = startEc2();
  aws.faults.set(`no-capacity=${A}:5m`);
  await assertCode(aws, "InsufficientInstanceCapacity", "StartInstances", { InstanceIds: [A] }, 500);
  aws.clock.advance(299_000);
  await assertCode(aws, "InsufficientInstanceCapacity", "StartInstances", { InstanceIds: [A] }, 500);
  aws.clock.advance(1_000);
  await aws.call("StartInstances", { InstanceIds: [A] });
  assertEquals(aws.state(A), "pending");
});

Deno.test("the fault read-lag=TIME makes reads return states of random age up to the given time", async () => {
  await using aws = startEc2();
  aws.faults.set("read-lag=10s");
  aws.clock.advance(10_000);
  await aws.call("StartInstances", { InstanceIds: [A] });
  await aws.pass(2_000, A, "running");
  aws.clock.advance(4_000);
  const states: unknown[] = [];
  for (let n = 0; n < 50; n++) {
    const answer = await aws.call("DescribeInstances", { InstanceIds: [A] });
    states.push(at(answer, "Reservations.0.Instances.0.State.Name"));
  }
  assertEquals(new Set(states), new Set(["stopped", "pending", "running"]));
  aws.clock.advance(10_000);
  const answer = await aws.call("DescribeInstances", { InstanceIds: [A] });
  assertEquals(at(answer, "Reservations.0.Instances.0.State.Name"), "running");
});

Deno.test("the fault boot-cpu=PERCENT adds CPU after a boot, for as long as the boot took", async () => {
  await using aws = startEc2();
  aws.faults.set("boot-cpu=50");
  await aws.call("StartInstances", { InstanceIds: [A] });
  await aws.pass(2_000, A, "running");
  const cpu = () => aws.lifecycle.machines().get(A)?.cpuSeconds();
  assertEquals(cpu(), 0);
  aws.clock.advance(1_000);
  assertEquals(cpu(), 0.5);
  aws.clock.advance(60_000);
  assertEquals(cpu(), 1);
});

Deno.test("DescribeVolumes lists the root volume of each instance, and filters by the instance", async () => {
  await using aws = startEc2();
  const all = await aws.call("DescribeVolumes", {});
  assertEquals(at(all, "Volumes.*.Attachments.0.InstanceId"), [A, B, C]);
  const one = await aws.call("DescribeVolumes", {
    Filters: [{ Name: "attachment.instance-id", Values: [B] }],
  });
  assertEquals(at(one, "Volumes.*.Attachments.0.InstanceId"), [B]);
  assertEquals(at(one, "Volumes.*.VolumeType"), ["gp3"]);
  await assertCode(aws, "InvalidVolume.NotFound", "DescribeVolumes", { VolumeIds: ["vol-1"] });
});
