/**
 * Tests how kas launches instances (`--grow`) and terminates them (`--shrink`), with requests to the sandbox over HTTP.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import type { FleetOptions } from "../../../src/autoscaler/assembly_options.ts";
import { fleetAlarms, putAlarm } from "../../../src/aws/cloudwatch/alarms.ts";
import { register } from "../../../src/aws/balancing/balancer.ts";
import { fleetInstances, instanceTags } from "../../../src/aws/ec2/instances.ts";
import { startInstance, terminateInstance } from "../../../src/aws/ec2/state_changes.ts";
import type { SandboxOptions } from "../../../src/sandbox/sandbox.ts";
import { eventually } from "../../support/kas.ts";
import {
  BASE,
  eventualLine,
  failTwice,
  lines,
  machines,
  NODES,
  type Stage,
  stage,
} from "../../unit/autoscaler/fixtures.ts";
import { alarmArn } from "../../support/alarm_arn.ts";

const [FIRST] = NODES;
const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000, grow: "kas-node", max: 3 };

/** Opens a stage with the launch template `kas-node` and without a standby node. */
async function growing(
  sandbox: SandboxOptions = {},
  more: Partial<FleetOptions["limits"]> = {},
): Promise<Stage> {
  const it = await stage({ nodes: 0, ...sandbox }, { limits: { ...LIMITS, ...more } });
  await (await it.aws.ec2()).send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: "kas-node",
      LaunchTemplateData: { ImageId: "ami-00000000000000001", InstanceType: "t3.small" },
    }),
  );
  return it;
}

/** Recommends one more instance with an alarm of the base instance. */
async function busy(it: Stage): Promise<void> {
  await it.publish(JSON.stringify({
    AlarmName: `kas:cpuhigh:${BASE}`,
    AlarmArn: alarmArn(`kas:cpuhigh:${BASE}`),
    OldStateValue: "OK",
    NewStateValue: "ALARM",
    StateChangeTime: new Date().toISOString(),
  }));
}

/** Returns the number of RunInstances requests. */
function launches({ sandbox }: Stage): number {
  return sandbox.calls.filter(({ action }) => action === "RunInstances").length;
}

/** Returns the alarms of an instance as texts: `cpuhigh >= 70 every 120 s, notifies 1`. */
async function alarmsOf(it: Stage, id: string): Promise<string[]> {
  const all = await fleetAlarms(it.aws, "kas");
  return all.filter(({ dimension }) => dimension === id).map((
    { kind, threshold, period, alarmActions, okActions },
  ) => `${kind} >= ${threshold} every ${period} s, notifies ${alarmActions.length} and ${okActions.length}`)
    .sort();
}

/** Creates alarms of an instance as `kas admin setup` does. */
async function watched(it: Stage, id: string, high: number, low: number): Promise<void> {
  for (const [kind, threshold] of [["cpuhigh", high], ["cpulow", low]] as const) {
    const { topicArn } = it.options;
    await putAlarm(it.aws, {
      fleet: "kas",
      kind,
      dimension: id,
      threshold,
      period: 120,
      evaluations: 2,
      topicArn,
    });
  }
}

Deno.test("without a standby kas launches a node, which gets alarms and comes into service after a passed health check (R9)", async () => {
  await using it = await growing();
  await watched(it, BASE, 70, 35);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await busy(it);
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals([line?.kind, line?.instance, it.standing(FIRST)], ["launch", FIRST, "running in-service"]);
  assertMatch(line?.reason ?? "", /whole fleet of 1; max is 3\. .* kas-node\.$/);
  assertEquals(Object.keys(line?.phases ?? {}).filter((phase) => phase !== "first-request"), [
    "breach",
    "notified",
    "decided",
    "launched",
    "running",
    "healthy",
    "registered",
    "in-service",
    "alarms-created",
  ]);
  const tags = (await instanceTags(it.aws, [FIRST])).get(FIRST) ?? {};
  assertEquals([tags["kas:fleet"], tags["kas:role"], tags["Name"]], ["kas", "node", "kas_node"]);
  assertEquals(await alarmsOf(it, FIRST), await alarmsOf(it, BASE));
  assertEquals(await alarmsOf(it, FIRST), [
    "cpuhigh >= 70 every 120 s, notifies 1 and 1",
    "cpulow >= 35 every 120 s, notifies 1 and 1",
  ]);
});

Deno.test("EC2 launches exactly one instance, even if EC2's responses are lost or stale (R13)", async () => {
  await using it = await growing();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  it.sandbox.faults.staleReads = 1_500;
  let lost = 0;
  it.sandbox.faults.onCall = ({ action, moment }) => {
    // The sandbox loses the answer four times. That is more than the SDK's own retries.
    if (action !== "RunInstances" || moment !== "after" || lost === 4) return;
    lost++;
    throw new Error("the connection broke");
  };
  await busy(it);
  const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
  assertEquals([lost, line?.status, line?.instance], [4, "successful", FIRST]);
  assertEquals(it.sandbox.account.instances().map(({ id }) => id), [BASE, FIRST]);
});

Deno.test("kas quarantines and stops a launched instance that never becomes healthy, and still counts it towards max (R3, R18)", async () => {
  await using it = await growing({ machine: machines((id) => id === BASE) }, { max: 2 });
  failTwice(it.options.state, FIRST);
  const autoscaler = await it.start({ startTimeout: 1_000 });
  await it.subscribe(autoscaler);
  await busy(it);
  const line = await eventualLine(
    autoscaler,
    ({ message, status }) => message !== null && status === "failed",
  );
  assertMatch(line?.reason ?? "", /i-00000000000000002 did not pass its health check within 1 s/);
  await eventually(() => it.standing(FIRST), (standing) => standing === "stopped none");
  const [, node] = await Array.fromAsync(fleetInstances(it.aws, it.options.fleet));
  assertMatch(node?.quarantine ?? "", /health check/);
  await busy(it);
  const next = await eventually(
    async () => (await lines(autoscaler)).find(({ kind, message }) => kind === "none" && message !== null),
    (line) => line !== undefined,
  );
  assertMatch(next?.reason ?? "", /whole fleet of 2; max is 2\.$/);
  assertEquals(launches(it), 1);
});

for (
  const [what, sabotage, said] of [
    ["no capacity", "no-capacity=kas-node", /capacity.*\(InsufficientInstanceCapacity\)/],
    ["no permission", "deny=ec2:RunInstances", /UnauthorizedOperation/],
  ] as const
) {
  Deno.test(`a launch that EC2 has ${what} for fails with EC2's reason, and kas does not repeat it immediately`, async () => {
    await using it = await growing({ faults: [sabotage] });
    const autoscaler = await it.start();
    await it.subscribe(autoscaler);
    await busy(it);
    const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
    assertEquals([line?.kind, line?.instance], ["launch", null]);
    assertMatch(line?.reason ?? "", said);
    const asked = launches(it);
    for (let again = 0; again < 3; again++) await busy(it);
    const [held] = await eventually(
      () => lines(autoscaler),
      (all) =>
        all.filter(({ kind, trigger: source }) => kind === "none" && source === "notification").length === 3,
    );
    assertMatch(held?.reason ?? "", /launch failed [\d.]+ s ago; .* 60 s/);
    assertEquals(launches(it), asked);
  });
}

Deno.test("a launch whose instance ends before it is in service fails with EC2's reason", async () => {
  await using it = await growing({ boot: 3_600_000 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await busy(it);
  await eventually(() => it.standing(FIRST), (standing) => standing === "pending none");
  await terminateInstance(it.aws, FIRST);
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(
    line?.reason ?? "",
    /i-0+2 is (shutting-down|terminated) .*\(EC2: Client\.UserInitiatedTermination: .*\)/,
  );
});

Deno.test("an instance stays in service if kas cannot create its alarms, and the activity's reason reports the error", async () => {
  await using it = await growing();
  await watched(it, BASE, 70, 35);
  it.sandbox.faults.set("deny=cloudwatch:PutMetricAlarm");
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await busy(it);
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(it.standing(FIRST), "running in-service");
  assertMatch(line?.reason ?? "", /The alarms of i-\w+ could not be created: .*AccessDenied/);
});

/** Puts the first node into service without the autoscaler. */
async function serve(it: Stage): Promise<void> {
  await startInstance(it.aws, FIRST);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running none");
  await register(it.aws, it.options.fleet.balancer, FIRST);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
}

Deno.test("with --shrink terminate, kas drains and terminates an idle node, and deletes the node's alarms", async () => {
  await using it = await growing({ nodes: 1 }, { shrink: "terminate" });
  await serve(it);
  await watched(it, BASE, 70, 35);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpulow", FIRST, "OK");
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals([line?.kind, line?.instance], ["terminate", FIRST]);
  const steps = [
    "decided",
    "deregistered",
    "drained",
    "rechecked",
    "terminating",
    "terminated",
    "alarms-deleted",
  ];
  assertEquals(Object.keys(line?.phases ?? {}).slice(-steps.length), steps);
  assertEquals(it.standing(FIRST), "undefined undefined");
  assertEquals(await alarmsOf(it, FIRST), []);
  assertEquals((await alarmsOf(it, BASE)).length, 2);
  assert(!it.sandbox.calls.some(({ action }) => action === "StopInstances"));
});

Deno.test("a node that kas cannot terminate stays in service, and the activity's reason contains the cause", async () => {
  await using it = await growing({ nodes: 1 }, { shrink: "terminate" });
  await serve(it);
  it.sandbox.faults.set("deny=ec2:TerminateInstances");
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpulow", FIRST, "OK");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(line?.reason ?? "", /UnauthorizedOperation\)\. i-\w+ is registered again/);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
});
