import { assertEquals } from "@std/assert";
import type { Shape } from "../../../../src/sandbox/wire/action.ts";
import { at } from "../output.ts";
import { A, assertCode, B, C, type Fixture, startEc2 } from "./fixture.ts";

/** Starts EC2 with A and B running for a long time, and C stopped. */
async function startTwo(): Promise<Fixture> {
  const aws = startEc2();
  await aws.call("StartInstances", { InstanceIds: [A, B] });
  aws.clock.advance(3_600_000);
  return aws;
}

/** Returns the ids that DescribeInstanceStatus lists. */
async function listed(aws: Fixture, input: Shape = {}): Promise<unknown> {
  return at(await aws.call("DescribeInstanceStatus", input), "InstanceStatuses.*.InstanceId");
}

/** Returns EC2's system status and instance status of A. */
async function statusOfA(aws: Fixture): Promise<unknown[]> {
  const found = await aws.call("DescribeInstanceStatus", { InstanceIds: [A] });
  return ["SystemStatus", "InstanceStatus"].map((kind) => at(found, `InstanceStatuses.0.${kind}.Status`));
}

Deno.test("DescribeInstanceStatus lists running instances, or all instances with IncludeAllInstances", async () => {
  await using aws = await startTwo();
  assertEquals(await listed(aws), [A, B]);
  assertEquals(await listed(aws, { InstanceIds: [B, C] }), [B]);
  assertEquals(await listed(aws, { IncludeAllInstances: "true" }), [A, B, C]);
  const all = await aws.call("DescribeInstanceStatus", { IncludeAllInstances: "true", InstanceIds: [C] });
  assertEquals(at(all, "InstanceStatuses.0.SystemStatus.Status"), "not-applicable");
  assertEquals(at(all, "InstanceStatuses.0.InstanceState.Name"), "stopped");
});

Deno.test("DescribeInstanceStatus refuses unknown ids, malformed ids, more than 100 ids, and ids with a page size", async () => {
  await using aws = await startTwo();
  const refuses = (code: string, input: Shape) => assertCode(aws, code, "DescribeInstanceStatus", input);
  await refuses("InvalidInstanceID.NotFound", { InstanceIds: [A, "i-0123456789abcdef0"] });
  await refuses("InvalidInstanceID.Malformed", { InstanceIds: ["i-1"] });
  await refuses("InvalidParameterValue", { InstanceIds: Array(101).fill(A) });
  await refuses("InvalidParameterCombination", { InstanceIds: [A], MaxResults: "5" });
});

Deno.test("DescribeInstanceStatus returns pages", async () => {
  await using aws = await startTwo();
  await aws.call("RunInstances", { ImageId: "ami-1", MinCount: "5", MaxCount: "5" });
  aws.clock.advance(2_000);
  const first = await aws.call("DescribeInstanceStatus", { MaxResults: "5" });
  const rest = await listed(aws, { MaxResults: "5", NextToken: at(first, "NextToken") });
  assertEquals([at(first, "InstanceStatuses.length"), (rest as unknown[]).length], [5, 2]);
});

Deno.test("DescribeInstanceStatus filters by status, state, zone and event, and knows no tags", async () => {
  await using aws = await startTwo();
  aws.account.updateInstance(B, {
    impairedSince: aws.clock.now(),
    retirement: { at: aws.clock.now(), completed: false },
  });
  const filtered = (Name: string, ...Values: readonly string[]) =>
    listed(aws, { Filters: [{ Name, Values }], IncludeAllInstances: "true" });
  assertEquals(await filtered("system-status.status", "impaired"), [B]);
  assertEquals(await filtered("instance-status.status", "ok"), [A]);
  assertEquals(await filtered("instance-status.reachability", "failed"), [B]);
  assertEquals(await filtered("instance-state-name", "stopped"), [C]);
  assertEquals(await filtered("instance-state-code", "16"), [A, B]);
  assertEquals(await filtered("availability-zone", "eu-west-1b"), [B]);
  assertEquals(await filtered("event.code", "instance-retirement", "instance-stop"), [B]);
  assertEquals(await filtered("event.not-before", "2026-01-01T01:*"), [B]);
  const tags = { Filters: [{ Name: "tag:kas:fleet", Values: ["kas"] }] };
  await assertCode(aws, "InvalidParameterValue", "DescribeInstanceStatus", tags);
});

Deno.test("the fault status-delay=TIME keeps the status initializing for a time after each start", async () => {
  await using aws = startEc2();
  aws.faults.set("status-delay=3m");
  await aws.call("StartInstances", { InstanceIds: [A] });
  aws.clock.advance(179_999);
  assertEquals(await statusOfA(aws), ["initializing", "initializing"]);
  aws.clock.advance(1);
  assertEquals(await statusOfA(aws), ["ok", "ok"]);
});

Deno.test("an impaired instance says since when, and a retirement when it will be", async () => {
  await using aws = await startTwo();
  const [since, until] = [Date.UTC(2026, 0, 1, 2), Date.UTC(2026, 0, 15)];
  aws.account.updateInstance(A, { impairedSince: since, retirement: { at: until, completed: false } });
  assertEquals(await statusOfA(aws), ["impaired", "impaired"]);
  const found = await aws.call("DescribeInstanceStatus", { InstanceIds: [A] });
  const [details] = at(found, "InstanceStatuses.*.SystemStatus.Details") as unknown[];
  assertEquals(details, [{ Name: "reachability", Status: "failed", ImpairedSince: new Date(since) }]);
  assertEquals(at(found, "InstanceStatuses.0.Events.0.Code"), "instance-retirement");
  assertEquals(at(found, "InstanceStatuses.0.Events.0.NotBefore"), new Date(until));
});
