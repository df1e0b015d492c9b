/**
 * R2: polling alone scales the fleet, without a topic, a port or messages.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AlarmPlan, fleetAlarms, putAlarm, setAlarmState } from "../../../src/aws/cloudwatch/alarms.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { deleteTopic, listTopics } from "../../../src/aws/sns/topic.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../../unit/aws/wire.ts";
import { eventually, FROM_SOURCE, start } from "../../support/kas.ts";
import { filesOf, socketsOf, STATES } from "../../support/sockets.ts";
import { BASE, eventualLine, machines, stage } from "../../unit/autoscaler/fixtures.ts";

/** Returns the number of instances in service. */
function inService({ account }: Sandbox): number {
  return account.instances().filter(({ registration, state }) =>
    state === "running" && registration === "in-service"
  )
    .length;
}

/** Sets the states of alarms that have no topic, and thresholds with which CloudWatch computes the same states for an idle CPU. */
async function load(aws: Aws, load: "too much" | "too little"): Promise<void> {
  const watch = { fleet: "kas", dimension: BASE, period: 60, evaluations: 1 } as const;
  const plans: readonly (AlarmPlan & { readonly state: "ALARM" | "OK" })[] = load === "too much"
    ? [
      { ...watch, kind: "cpuhigh", threshold: 0, state: "ALARM" },
      { ...watch, kind: "cpulow", threshold: 0, state: "ALARM" },
    ]
    : [
      { ...watch, kind: "cpuhigh", threshold: 100, state: "OK" },
      { ...watch, kind: "cpulow", threshold: 100, state: "OK" },
    ];
  for (const plan of plans) {
    await putAlarm(aws, plan);
    await setAlarmState(aws, `kas:${plan.kind}:${BASE}`, plan.state, "a test");
  }
}

/** Returns the ports on which a process listens. */
async function ports(pid: number): Promise<number[]> {
  const sockets = await socketsOf(pid, await filesOf(pid));
  return sockets.filter(({ state }) => state === STATES.listening).map(({ port }) => port);
}

Deno.test("kas autoscaler --pull scales an overloaded fleet out to --max and an idle fleet in to --min, also after a downtime (R2)", async () => {
  credentials();
  await using sandbox = await startSandbox({
    kind: true,
    nodes: 3,
    speed: 40,
    balancerPort: 0,
    machine: machines(),
  });
  using aws = connect({ region: "eu-west-1", endpointUrl: sandbox.url });
  await deleteTopic(aws, sandbox.env["KAS_TOPIC_ARN"] ?? "");
  assertEquals(await Array.fromAsync(listTopics(aws)), []);
  const state = await Deno.makeTempDir();
  const resync = 400;
  const words = [
    "--resync",
    `${resync}ms`,
    "--warmup",
    "0",
    "--cooldown-in",
    "0",
    "--metric-delay",
    "0",
    "--min",
    "1",
    "--max",
    "3",
  ];
  const command = [...FROM_SOURCE, "autoscaler", "--pull", "--state", state, ...words];
  try {
    await load(aws, "too much");
    assert((await fleetAlarms(aws, "kas")).every(({ alarmActions }) => alarmActions.length === 0));
    const before = sandbox.calls.length;
    {
      await using process = start(command, sandbox.env);
      await process.line(/polling, with no port open/);
      await eventually(() => inService(sandbox), (n) => n === 3);
      assertEquals(await ports(process.pid), []);
    }
    const starts = sandbox.calls.filter(({ action }) => action === "StartInstances");
    assertEquals(starts.length, 2);
    // There is an interval between two decisions. The first call after a decision takes a little longer than later calls.
    assert((starts[1]?.at ?? 0) - (starts[0]?.at ?? 0) >= resync / 2);

    await load(aws, "too little");
    assertEquals(inService(sandbox), 3);
    {
      await using process = start(command, sandbox.env);
      await eventually(
        () => sandbox.account.instances().filter(({ state }) => state === "running").length,
        (n) => n === 1,
      );
      assert(process.lines.some((line) => /decided stop/.test(line)));
    }
    assertEquals(inService(sandbox), 1);
    const services = new Set(sandbox.calls.slice(before).map(({ service }) => service));
    assert(!services.has("sns"), "it has no business with SNS");
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("the fleet reaches the same capacity if every notification is lost (R2)", async () => {
  await using it = await stage({ nodes: 3 });
  const limits = { ...it.options.limits, max: 3, min: 1, resync: 300 };
  const autoscaler = await it.start({ limits });
  await it.subscribe(autoscaler);
  it.sandbox.faults.set("sns-loss=1");
  await load(it.aws, "too much");
  await eventually(() => inService(it.sandbox), (n) => n === 3);
  await load(it.aws, "too little");
  await eventually(() => inService(it.sandbox), (n) => n === 1);
  await eventualLine(
    autoscaler,
    ({ kind, trigger: source, status }) =>
      kind === "stop" && source === "reconcile" && status === "successful",
  );
});

Deno.test("with --pull and --listen the autoscaler serves its status and accepts no message", async () => {
  await using it = await stage();
  const polling = { topicArn: undefined, listen: { hostname: "127.0.0.1", port: 0 } };
  const { url } = await it.start(polling);
  assertEquals(await (await fetch(`${url}/ping`)).text(), "pong");
  for (const path of ["/status", "/metrics", "/activities"]) {
    const response = await fetch(url + path);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
  }
  const response = await fetch(url, { method: "POST", body: "{}" });
  assertEquals(response.status, 403);
  assertMatch(await response.text(), /--pull/);
});

Deno.test("with --pull and without --listen the autoscaler does not listen on a port", async () => {
  await using it = await stage();
  assertEquals((await it.start({ topicArn: undefined, listen: undefined })).url, "");
});
