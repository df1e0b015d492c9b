import { assert, assertEquals, assertMatch } from "@std/assert";
import { register } from "../../../../src/aws/balancing/balancer.ts";
import { fleetInstances } from "../../../../src/aws/ec2/instances.ts";
import { quarantine } from "../../../../src/aws/ec2/quarantine.ts";
import { startInstance, terminateInstance } from "../../../../src/aws/ec2/state_changes.ts";
import type { CallEvent, Faults } from "../../../../src/sandbox/faults/faults.ts";
import type { MachineFactory } from "../../../../src/sandbox/machines/machine.ts";
import { eventually } from "../../../support/kas.ts";
import {
  BALANCER,
  BASE,
  eventualLine,
  failTwice,
  lines,
  machines,
  NODES,
  type Stage,
  stage,
} from "../../../unit/autoscaler/fixtures.ts";
import { alarmArn } from "../../../support/alarm_arn.ts";

const [FIRST, SECOND, THIRD] = NODES;

/** Machines of which only that of the base instance runs an HTTP server. */
const serverless: MachineFactory = (host) =>
  host.id === BASE
    ? machines()(host)
    : { cpuSeconds: () => 0, signal: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };

/** Publishes notifications of five alarms at a time. */
async function fiveAlarms(it: Stage): Promise<void> {
  const names = [1, 2, 3, 4, 5].map((n) => `kas:reqcount:kas-${n}`);
  await Promise.all(names.map((name) =>
    it.publish(JSON.stringify({
      AlarmName: name,
      AlarmArn: alarmArn(name),
      OldStateValue: "OK",
      NewStateValue: "ALARM",
      StateChangeTime: new Date().toISOString(),
    }))
  ));
}

/** Puts a node into service without the autoscaler. */
async function serve(it: Stage, id: string): Promise<void> {
  await startInstance(it.aws, id);
  await eventually(() => it.standing(id), (standing) => standing === "running none");
  await register(it.aws, BALANCER, id);
  await eventually(() => it.standing(id), (standing) => standing === "running in-service");
}

/** Returns the calls that change an instance, in order, including failed calls. */
function changes({ sandbox: { calls } }: Stage, id: string): string[] {
  return calls
    .filter(({ action, input }) =>
      /^(Start|Stop|Reg|Dereg)/.test(action) && JSON.stringify(input).includes(id)
    )
    .map(({ action }) => /^[A-Z][a-z]+/.exec(action)?.[0] ?? action);
}

async function quarantineOf(it: Stage, id: string): Promise<string | undefined> {
  const all = await Array.fromAsync(fleetInstances(it.aws, it.options.fleet));
  return all.find((instance) => instance.id === id)?.quarantine;
}

/**
 * Makes the calls of an action fail until the test calls `stop`, by default for every instance. `met` is the number of failed
 * calls.
 */
function failing(faults: Faults, action: string, id = ""): { met: number; stop: () => void } {
  const fault = { met: 0, stop: () => faults.onCall = undefined };
  faults.onCall = (passing) => {
    if (passing.moment !== "before" || !about(passing, action, id)) return;
    fault.met++;
    throw new Error("AWS is away");
  };
  return fault;
}

function about({ action, input }: CallEvent, wanted: string, id: string): boolean {
  return action.startsWith(wanted) && JSON.stringify(input).includes(id);
}

Deno.test("five alarms at the same time start five instances concurrently (R1, R12)", async () => {
  let serves = false;
  await using it = await stage({ nodes: 5, machine: machines((id) => id === BASE || serves) });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await fiveAlarms(it);
  const started = () =>
    it.sandbox.calls.filter(({ action }) => action === "StartInstances")
      .flatMap(({ input }) => input["InstanceIds"] as string[]);
  await eventually(started, (ids) => ids.length === 5);
  assertEquals(
    it.sandbox.account.instances().filter(({ registration }) => registration === "in-service").length,
    1,
  );
  serves = true;
  await eventually(
    () => it.sandbox.account.instances().filter(({ registration }) => registration === "in-service").length,
    (n) => n === 6,
  );
  const all = await eventually(
    () => lines(autoscaler),
    (all) => all.filter(({ status }) => status === "successful").length === 5,
  );
  assertEquals(new Set(all.filter(({ kind }) => kind === "start").map(({ instance }) => instance)).size, 5);
  assertEquals([started().length, new Set(started()).size], [5, 5]);
});

Deno.test("a slow stop of an instance does not delay the start of a different node (R10)", async () => {
  await using it = await stage({ nodes: 2, shutdown: 3_600_000 });
  await serve(it, FIRST);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpulow", FIRST, "OK");
  await eventually(() => it.standing(FIRST), (standing) => standing === "stopping none");
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "start" && status === "successful");
  assertEquals([it.standing(FIRST), it.standing(SECOND)], ["stopping none", "running in-service"]);
});

Deno.test("if no node is stopped, a stopping node counts as joining, and kas starts it when it has stopped (R7)", async () => {
  await using it = await stage({ shutdown: 12_000 });
  await serve(it, FIRST);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpulow", FIRST, "OK");
  await eventually(() => it.standing(FIRST), (standing) => standing === "stopping none");
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ kind }) => kind === "start");
  assertMatch(line?.reason ?? "", /i-00000000000000002 once it has stopped/);
  await eventualLine(autoscaler, ({ kind, status }) => kind === "start" && status === "successful");
  assertEquals(it.standing(FIRST), "running in-service");
  const states = (await lines(autoscaler)).filter(({ kind }) => kind !== "none").map(({ status }) => status);
  assertEquals(states, ["successful", "successful"]);
  assertEquals(changes(it, FIRST), ["Start", "Register", "Deregister", "Stop", "Start", "Register"]);
});

Deno.test("if a zone lacks capacity, kas next tries a node of a different zone, even a node of lower rank (R7)", async () => {
  await using it = await stage({ nodes: 3, faults: [`no-capacity=${FIRST}`] });
  const zone = (id: string) => it.sandbox.account.instances().find((instance) => instance.id === id)?.zone;
  // The zone with the least capacity has two standby nodes. The zone of the base instance has one.
  assert(zone(FIRST) === zone(THIRD) && zone(SECOND) === zone(BASE));
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
  assertEquals([line?.status, line?.instance], ["successful", SECOND]);
  // kas sent the request for this node once.
  assertEquals(changes(it, FIRST).filter((change) => change === "Start"), ["Start"]);
  assertEquals(it.standing(THIRD), "stopped none");
});

for (
  const [what, machine, expected] of [
    ["answers with an error", machines((id) => id === BASE), /the last answer was 503 not yet$/],
    [
      "cannot be reached",
      serverless,
      /the last attempt failed: connection refused$/,
    ],
  ] as const
) {
  Deno.test(`kas quarantines a node whose worker ${what}, with the result of its last health check (R7, R18)`, async () => {
    await using it = await stage({ machine }, { startTimeout: 300 });
    failTwice(it.options.state, FIRST);
    const autoscaler = await it.start();
    await it.subscribe(autoscaler);
    await it.alarm("cpuhigh", BASE, "ALARM");
    const line = await eventualLine(
      autoscaler,
      ({ message, status }) => message !== null && status === "failed",
    );
    assertMatch(line?.reason ?? "", /^i-00000000000000002 did not pass its health check within 0.3 s; /);
    const why = await quarantineOf(it, FIRST) ?? "";
    assertMatch(why, expected);
    assertMatch(why, /^[\p{L}\p{N} _.:/=+\-@]{1,256}$/u);
  });
}

Deno.test("kas repeats a rollback that AWS rejects until the rollback succeeds (R13)", async () => {
  await using it = await stage({ machine: machines((id) => id === BASE) }, { startTimeout: 300 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  const away = failing(it.sandbox.faults, "StopInstances", FIRST);
  await it.alarm("cpuhigh", BASE, "ALARM");
  // The SDK makes three attempts for each call.
  await eventually(() => away.met, (met) => met > 3);
  assertEquals((await eventualLine(autoscaler, () => true))?.status, "in-progress");
  assertEquals(it.standing(FIRST), "running none");
  away.stop();
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(line?.reason ?? "", /did not pass its health check within 0.3 s/);
  assertMatch(it.standing(FIRST), /^stop(ping|ped) none$/);
});

Deno.test("kas resumes an interrupted rollback at the next start, and keeps the rollback's reason (R13)", async () => {
  await using it = await stage({ machine: machines((id) => id === BASE) }, { startTimeout: 300 });
  failTwice(it.options.state, FIRST);
  {
    await using first = await it.start();
    await it.subscribe(first);
    const away = failing(it.sandbox.faults, "CreateTags", FIRST);
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventually(() => away.met, (met) => met > 0);
  }
  it.sandbox.faults.onCall = undefined;
  const second = await it.start();
  const line = await eventualLine(second, ({ message, status }) => message !== null && status === "failed");
  const reason = /^i-00000000000000002 did not pass its health check/;
  assertMatch(line?.reason ?? "", reason);
  assertMatch(await quarantineOf(it, FIRST) ?? "", reason);
  // The reason appears once, although the rollback began twice.
  assertEquals(line?.reason.split("did not pass").length, 2);
  assertEquals(changes(it, FIRST), ["Start", "Deregister", "Stop"]);
});

Deno.test("the start of an instance waits until the rollback of the same instance has ended (I6)", async () => {
  await using it = await stage({ nodes: 2 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  let away = true;
  let refused = false;
  let rollbacks = 0;
  it.sandbox.faults.onCall = (passing) => {
    if (passing.moment !== "before") return;
    // AWS refuses the request once. That is not a failure of the instance, so kas can start the instance again.
    if (!refused && about(passing, "StartInstances", FIRST)) {
      refused = true;
      Object.assign(passing.input, { InstanceIds: ["i-0000000000000dead"] });
    }
    if (!away || !about(passing, "Deregister", FIRST)) return;
    rollbacks++;
    throw new Error("AWS is away");
  };
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => it.standing(SECOND), (standing) => standing === "running in-service");
  await eventually(() => rollbacks, (n) => n > 0);
  // The failed start pauses the instance, unless an operator names it.
  const trigger = { kind: "operator", direction: "out", instance: FIRST } as const;
  await autoscaler.autoscaler.evaluate(trigger, { signal: new AbortController().signal });
  await eventualLine(
    autoscaler,
    ({ instance, status }) => instance === FIRST && status === "in-progress",
  );
  away = false;
  await eventually(
    () => lines(autoscaler),
    (all) => all.filter(({ kind, status }) => kind === "start" && status === "successful").length === 2,
  );
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
  assertEquals(changes(it, FIRST).slice(-2), ["Start", "Register"]);
});

Deno.test("kas stops a node even if the quarantine of the node fails (R9)", async () => {
  await using it = await stage({ machine: machines((id) => id === BASE) }, { startTimeout: 300 });
  failTwice(it.options.state, FIRST);
  it.sandbox.faults.onCall = ({ action, moment, input }) => {
    // EC2 refuses this tag.
    if (action === "CreateTags" && moment === "before") Object.assign(input, { Tags: [{ Key: "aws:x" }] });
  };
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ message, status }) => message !== null && status === "failed");
  assertEquals(await quarantineOf(it, FIRST), undefined);
  assertMatch(it.standing(FIRST), /^stop(ping|ped) none$/);
});

Deno.test("kas drains a node that comes into service too late before kas stops the node (I4)", async () => {
  const held = Promise.withResolvers<void>();
  const machine = machines(() => true, held.promise);
  await using it = await stage({ machine, speed: 10 }, { startTimeout: 1_000 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  let lies = true;
  let observed = 0;
  const work: Promise<Response>[] = [];
  it.sandbox.faults.onCall = async (passing) => {
    // After the rollback has observed the node, ELB reports the state of the node again.
    if (about(passing, "DescribeInstances", FIRST) && work.length > 0) lies = false;
    const { action, moment } = passing;
    if (action !== "DescribeInstanceHealth") return;
    if (moment === "after" && it.standing(FIRST) === "running draining") observed++;
    // Before, ELB does not report the state, although the node is in service and receives a request.
    if (moment !== "before" || it.standing(FIRST) === "stopped none") return;
    if (it.standing(FIRST) === "running in-service" && work.length === 0) {
      work.push(...[1, 2].map(() => fetch(`http://127.0.0.1:${it.sandbox.balancerPort}/work`)));
      await eventually(machine.held, (n) => n === 2);
    }
    if (lies) throw new Error("AWS is away");
  };
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => it.standing(FIRST), (standing) => standing === "running draining");
  await eventually(() => observed, (n) => n >= 2 || changes(it, FIRST).includes("Stop"));
  const cut = changes(it, FIRST).includes("Stop");
  held.resolve();
  const answers = await Promise.all(work.map(async (response) => await (await response).text()));
  assertEquals([cut, answers], [false, ["pong", "pong"]]);
  await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(it.standing(FIRST), /^stop(ping|ped) none$/);
});

Deno.test("kas registers an instance again if it cannot stop the instance, however long the registration takes (R13)", async () => {
  await using it = await stage();
  await serve(it, FIRST);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  let refused = 0;
  it.sandbox.faults.onCall = ({ action, moment, input }) => {
    if (moment !== "before") return;
    // Replace the id by an unknown id, so that each attempt fails with the same error, as for a protected instance.
    if (action === "StopInstances") Object.assign(input, { InstanceIds: ["i-0000000000000dead"] });
    if (action.startsWith("Register") && refused++ < 4) throw new Error("AWS is away");
  };
  await it.alarm("cpulow", FIRST, "OK");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(line?.reason ?? "", /InvalidInstanceID.*\. i-\w+ is registered again/);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
});

Deno.test("kas resumes an interrupted registration after a failed stop at the next start, even if the instance could drain now (R13)", async () => {
  const held = Promise.withResolvers<void>();
  const machine = machines(() => true, held.promise);
  await using it = await stage({ machine, speed: 10 }, { drainTimeout: 300 });
  await serve(it, FIRST);
  const work = [1, 2].map(() => fetch(`http://127.0.0.1:${it.sandbox.balancerPort}/work`));
  await eventually(machine.held, (n) => n === 2);
  {
    await using first = await it.start();
    await it.subscribe(first);
    const away = failing(it.sandbox.faults, "Register", FIRST);
    await it.alarm("cpulow", FIRST, "OK");
    await eventually(() => away.met, (met) => met > 0);
  }
  it.sandbox.faults.onCall = undefined;
  held.resolve();
  for (const response of await Promise.all(work)) await response.text();
  const second = await it.start();
  const line = await eventualLine(second, ({ status }) => status !== "in-progress");
  assertEquals(line?.status, "failed");
  assertMatch(
    line?.reason ?? "",
    /^i-00000000000000002 did not drain within 0.3 s; .* InService: .* in progress\. i-\w+ is registered again/,
  );
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
});

Deno.test("kas registers no instance again if an operator terminates the instance during its stop (R13)", async () => {
  await using it = await stage();
  await serve(it, FIRST);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  it.sandbox.faults.onCall = async ({ action, moment }) => {
    if (!action.startsWith("Deregister") || moment !== "after") return;
    it.sandbox.faults.onCall = undefined;
    await terminateInstance(it.aws, FIRST);
  };
  await it.alarm("cpulow", FIRST, "OK");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status !== "in-progress");
  assertEquals(changes(it, FIRST).filter((change) => change === "Register"), ["Register"]);
});

Deno.test("kas skips a candidate that was quarantined after the decision (R7)", async () => {
  await using it = await stage({ nodes: 2 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  it.sandbox.faults.noCapacity.add(FIRST);
  it.sandbox.faults.onCall = ({ action, moment, input }) => {
    if (action !== "StartInstances" || moment !== "before" || !JSON.stringify(input).includes(FIRST)) return;
    it.sandbox.faults.onCall = undefined;
    return quarantine(it.aws, SECOND, "by hand");
  };
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(
    line?.reason ?? "",
    /InsufficientInstanceCapacity.*i-00000000000000003: it is in quarantine.*: by hand/,
  );
  assertEquals(changes(it, SECOND), []);
});
