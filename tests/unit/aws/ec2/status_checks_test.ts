import { assertEquals, assertRejects } from "@std/assert";
import { IncompleteAnswerError } from "../../../../src/aws/errors.ts";
import { statusChecks } from "../../../../src/aws/ec2/status_checks.ts";
import { ec2, ec2Error, wire, type WireCall } from "../wire.ts";

/** The status of an instance in an answer. `events` are the codes and descriptions of its scheduled events. */
interface Status {
  readonly system?: string;
  readonly instance?: string;
  readonly events?: readonly (readonly [code: string, description: string])[];
}

function item(id: string, { system = "ok", instance = "ok", events = [] }: Status = {}): string {
  const scheduled = events.map(([code, description]) =>
    `<item><code>${code}</code><description>${description}</description>` +
    "<notBefore>2026-11-24T12:00:00.000Z</notBefore></item>"
  );
  return `<item><instanceId>${id}</instanceId><instanceState><name>running</name></instanceState>` +
    `<systemStatus><status>${system}</status></systemStatus>` +
    `<instanceStatus><status>${instance}</status></instanceStatus>` +
    `<eventsSet>${scheduled.join("")}</eventsSet></item>`;
}

function page(items: readonly string[], token = ""): Response {
  const next = token === "" ? "" : `<nextToken>${token}</nextToken>`;
  return ec2("DescribeInstanceStatus", `<instanceStatusSet>${items.join("")}</instanceStatusSet>${next}`);
}

function idsOf({ input }: WireCall): string[] {
  return Object.entries(input).filter(([name]) => name.startsWith("InstanceId.")).map(([, id]) => String(id));
}

const RETIREMENT = "The instance is running on degraded hardware";

for (
  const [what, status] of [
    ["an impaired system status", { system: "impaired" }],
    ["an impaired instance status", { instance: "impaired" }],
    ["a scheduled retirement", { events: [["instance-retirement", RETIREMENT]] }],
    ["a scheduled stop", { events: [["system-reboot", "Reboot"], ["instance-stop", RETIREMENT]] }],
  ] as const satisfies readonly (readonly [string, Status])[]
) {
  Deno.test(`statusChecks() returns an instance with ${what}`, async () => {
    await using server = wire(() => page([item("i-1"), item("i-2", status)]));
    const failures = await statusChecks(server.aws, ["i-1", "i-2"]);
    assertEquals([...failures.keys()], ["i-2"]);
  });
}

for (
  const [what, status] of [
    ["a status that is not known yet", { system: "initializing", instance: "insufficient-data" }],
    ["a status that does not apply", { system: "not-applicable", instance: "not-applicable" }],
    ["a scheduled reboot", { events: [["system-reboot", "Reboot"], ["instance-reboot", "Reboot"]] }],
    ["scheduled maintenance", { events: [["system-maintenance", "Network maintenance"]] }],
    ["a completed retirement", { events: [["instance-retirement", `[Completed] ${RETIREMENT}`]] }],
    ["a cancelled stop", { events: [["instance-stop", `[Canceled] ${RETIREMENT}`]] }],
  ] as const satisfies readonly (readonly [string, Status])[]
) {
  Deno.test(`statusChecks() leaves out an instance with ${what}`, async () => {
    await using server = wire(() => page([item("i-1", status)]));
    assertEquals(await statusChecks(server.aws, ["i-1"]), new Map());
  });
}

Deno.test("statusChecks() tells a failure of the host from a failure of the instance, and says when a scheduled event happens", async () => {
  const events = [["instance-retirement", RETIREMENT]] as const;
  await using server = wire(() =>
    page([
      item("i-1", { system: "impaired", instance: "impaired" }),
      item("i-2", { instance: "impaired" }),
      item("i-3", { events }),
    ])
  );
  const failures = await statusChecks(server.aws, ["i-1", "i-2", "i-3"]);
  assertEquals(failures.get("i-1")?.includes("system"), true);
  assertEquals(failures.get("i-2")?.includes("system"), false);
  assertEquals(failures.get("i-3")?.includes("2026-11-24T12:00:00Z"), true);
});

Deno.test("statusChecks() quotes no text of EC2, which may contain anything", async () => {
  const events = [["instance-stop", "\u001b[2J evil"]] as const;
  await using server = wire(() => page([item("i-1", { events }), item("i-2", { system: "evil" })]));
  const failures = await statusChecks(server.aws, ["i-1", "i-2"]);
  assertEquals([...failures.keys()], ["i-1"]);
  assertEquals(failures.get("i-1")?.includes("evil"), false);
});

Deno.test("statusChecks() requests 100 instances per call, only running ones, and every page", async () => {
  const ids = Array.from({ length: 101 }, (_, i) => `i-${i}`);
  await using server = wire(({ input }) =>
    input["NextToken"] === undefined ? page([], "next") : page([item("i-7", { system: "impaired" })])
  );
  assertEquals([...(await statusChecks(server.aws, ids)).keys()], ["i-7"]);
  assertEquals(server.calls.map((call) => [call.action, idsOf(call).length, call.input["NextToken"]]), [
    ["DescribeInstanceStatus", 100, undefined],
    ["DescribeInstanceStatus", 100, "next"],
    ["DescribeInstanceStatus", 1, undefined],
    ["DescribeInstanceStatus", 1, "next"],
  ]);
  assertEquals(server.calls.map(({ input }) => input["IncludeAllInstances"]), Array(4).fill(undefined));
});

Deno.test("statusChecks() leaves out instances that do not exist, and reads all others", async () => {
  const ids = Array.from({ length: 7 }, (_, i) => `i-${i}`);
  const gone = new Set(["i-2", "i-5"]);
  await using server = wire((call) =>
    idsOf(call).some((id) => gone.has(id))
      ? ec2Error("InvalidInstanceID.NotFound", "The instance IDs do not exist")
      : page(idsOf(call).map((id) => item(id, { instance: "impaired" })))
  );
  const failures = await statusChecks(server.aws, ids);
  assertEquals([...failures.keys()], ids.filter((id) => !gone.has(id)));
});

Deno.test("statusChecks() without instances sends no request", async () => {
  await using server = wire(() => page([item("i-1", { system: "impaired" })]));
  assertEquals(await statusChecks(server.aws, []), new Map());
  assertEquals(server.calls, []);
});

Deno.test("statusChecks() rejects an answer without a list, and an error that is not about an instance", async () => {
  await using empty = wire(() => ec2("DescribeInstanceStatus", ""));
  await assertRejects(() => statusChecks(empty.aws, ["i-1"]), IncompleteAnswerError);
  await using denied = wire(() => ec2Error("UnauthorizedOperation", "You are not authorized.", 403));
  await assertRejects(() => statusChecks(denied.aws, ["i-1", "i-2"]));
  assertEquals(denied.calls.length, 1);
});
