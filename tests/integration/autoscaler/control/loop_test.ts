import { assert, assertEquals, assertMatch } from "@std/assert";
import { Inbox } from "../../../../src/autoscaler/store/inbox.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import type { Sandbox } from "../../../../src/sandbox/sandbox.ts";
import { eventually } from "../../../support/kas.ts";
import {
  BASE,
  eventualLine,
  failTwice,
  firstResync,
  lines,
  machines,
  NODES,
  stage,
} from "../../../unit/autoscaler/fixtures.ts";
import { alarmArn } from "../../../support/alarm_arn.ts";

/** Returns the calls that changed an instance, in order. */
function changes({ calls }: Sandbox, id: string): string[] {
  return calls
    .filter(({ action, input }) =>
      /^(Start|Stop|Register|Deregister)/.test(action) && JSON.stringify(input).includes(id)
    )
    .map(({ action }) => /^[A-Z][a-z]+/.exec(action)?.[0] ?? action);
}

Deno.test("an alarm in ALARM puts the next node into service, and the journal contains every phase (R9, R17)", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(it.standing(NODES[0]), "running in-service");
  assertEquals([line?.kind, line?.instance, line?.trigger], ["start", NODES[0], "notification"]);
  assertMatch(line?.reason ?? "", /cpuhigh on i-00000000000000001 .*INSUFFICIENT_DATA/);
  const phases = [
    "breach",
    "notified",
    "decided",
    "started",
    "running",
    "healthy",
    "registered",
    "in-service",
  ];
  assertEquals(Object.keys(line?.phases ?? {}), phases);
  const times = Object.values(line?.phases ?? {});
  assertEquals(times, times.toSorted());
  assertEquals(changes(it.sandbox, NODES[0]), ["Start", "Register"]);
});

Deno.test("to scale out, kas observes only the instances and the notified alarm; to scale in, also all alarms, and the CPU if it can stop a node", async () => {
  await using it = await stage({ nodes: 2 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);
  const looked = async (kind: "cpuhigh" | "cpulow", instance: string, state: "ALARM" | "OK") => {
    const before = it.sandbox.calls.length;
    const id = (await lines(autoscaler)).length;
    await it.alarm(kind, instance, state);
    await eventually(() => lines(autoscaler), ({ length }) => length > id);
    const load = it.sandbox.calls.slice(before)
      .filter(({ action, input }) =>
        action === "GetMetricData" || action === "DescribeAlarms" && "AlarmNames" in input
      )
      .map(({ action, input }) => (action === "GetMetricData" ? action : String(input["AlarmNames"])));
    return [...new Set(load)];
  };
  assertEquals(await looked("cpulow", BASE, "OK"), []);
  assertEquals(await looked("cpuhigh", BASE, "ALARM"), [`kas:cpuhigh:${BASE}`]);
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(await looked("cpulow", NODES[0], "OK"), []);
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", NODES[0], "ALARM");
  assertEquals(await looked("cpulow", NODES[0], "OK"), ["GetMetricData"]);
});

Deno.test("kas registers a node only after the node has passed its health check (R9)", async () => {
  let serves = false;
  await using it = await stage({ machine: machines((id) => id === BASE || serves) });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ phases }) => "running" in phases);
  assertEquals(changes(it.sandbox, NODES[0]), ["Start"]);
  serves = true;
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(it.standing(NODES[0]), "running in-service");
});

Deno.test("kas stops and quarantines a node that fails its health check again and again, and starts the next node (R7, R18)", async () => {
  const machine = machines((id) => id !== NODES[0]);
  await using it = await stage({ nodes: 2, machine }, { startTimeout: 400 });
  failTwice(it.options.state, NODES[0]);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(
    autoscaler,
    ({ message, status }) => message !== null && status !== "in-progress",
  );
  assertEquals([line?.status, line?.instance], ["successful", NODES[1]]);
  assertMatch(
    line?.reason ?? "",
    /i-00000000000000002 did not pass its health check within 0.4 s; .*: the last answer was 503 not yet/,
  );
  assertEquals(changes(it.sandbox, NODES[0]), ["Start", "Deregister", "Stop"]);
  const tagged = it.sandbox.calls.find(({ action }) => action === "CreateTags");
  assertMatch(JSON.stringify(tagged?.input), /i-00000000000000002.*kas:quarantine/);

  await it.alarm("cpuhigh", NODES[1], "ALARM");
  await eventually(
    () => lines(autoscaler),
    (all) => all.some(({ reason }) => /1 in quarantine/.test(reason)),
  );
});

Deno.test("if EC2 lacks capacity, kas immediately starts the next node (R7)", async () => {
  await using it = await stage({ nodes: 2, faults: [`no-capacity=${NODES[0]}`] });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
  assertEquals([line?.status, line?.instance], ["successful", NODES[1]]);
  assertMatch(line?.reason ?? "", /InsufficientInstanceCapacity/);
  assertEquals(changes(it.sandbox, NODES[1]), ["Start", "Register"]);
});

Deno.test("kas stops a node only after the node has drained, and a scale-out puts a draining node back into service (R10, R7)", async () => {
  const held = Promise.withResolvers<void>();
  const machine = machines(() => true, held.promise);
  await using it = await stage({ machine });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  await it.alarm("cpuhigh", BASE, "OK");

  const work = [1, 2, 3, 4].map(() => fetch(`http://127.0.0.1:${it.sandbox.balancerPort}/work`));
  await eventually(() => it.sandbox.calls.length, () => machine.held() === 4);
  await it.alarm("cpulow", NODES[0], "OK");
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running draining");

  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(() => it.standing(NODES[0]), (standing) => standing === "running in-service");
  const [back, out] = (await eventually(() => lines(autoscaler), ([line]) => line?.status === "successful"))
    .filter(({ kind }) => kind !== "none");
  assertEquals([back?.kind, out?.kind, out?.status], ["start", "stop", "cancelled"]);
  assertMatch(out?.reason ?? "", /^Activity \d+ starts i-00000000000000002 again/);
  assertEquals(changes(it.sandbox, NODES[0]), ["Start", "Register", "Deregister", "Register"]);

  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", NODES[0], "INSUFFICIENT_DATA");
  await it.alarm("cpulow", NODES[0], "OK");
  await eventualLine(autoscaler, ({ kind, phases }) => kind === "stop" && "deregistered" in phases);
  assertEquals(it.standing(NODES[0]), "running draining");
  held.resolve();
  for (const response of await Promise.all(work)) assertEquals(await response.text(), "pong");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status === "successful");
  assertEquals(it.standing(NODES[0]), "stopped none");
});

Deno.test("kas registers a node again, instead of stopping it, if the node does not drain in time (R10)", async () => {
  const held = Promise.withResolvers<void>();
  const machine = machines(() => true, held.promise);
  await using it = await stage({ machine, speed: 20 }, { drainTimeout: 300 });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  await it.alarm("cpuhigh", BASE, "OK");
  const work = [1, 2].map(() => fetch(`http://127.0.0.1:${it.sandbox.balancerPort}/work`));
  await eventually(() => it.sandbox.calls.length, () => machine.held() === 2);
  await it.alarm("cpulow", NODES[0], "OK");
  const line = await eventualLine(
    autoscaler,
    ({ kind, status }) => kind === "stop" && status !== "in-progress",
  );
  assertEquals(line?.status, "failed");
  assertMatch(
    line?.reason ?? "",
    /^i-00000000000000002 did not drain within 0.3 s; .* InService: .* in progress\. i-\w+ is registered again/,
  );
  assertEquals(changes(it.sandbox, NODES[0]), ["Start", "Register", "Deregister", "Register"]);
  held.resolve();
  for (const response of await Promise.all(work)) await response.text();
});

Deno.test("every message leads to one decision with a reason, and messages for other fleets lead to no action (R11, R15)", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.publish("hello");
  await it.publish(notice("other:cpuhigh:i-1", "ALARM", 0));
  await it.publish(notice("kas:cpuhigh:i-00000000000000009", "ALARM", 0));
  await it.publish(notice("kas:odd", "ALARM", 0));
  await it.publish(notice(`kas:cpuhigh:${BASE}`, "OK", 10));
  await it.publish(notice(`kas:cpuhigh:${BASE}`, "ALARM", 5));
  const all = await eventually(
    () => lines(autoscaler),
    (all) => all.filter(({ message }) => message).length === 6,
  );
  const reasons = all.filter(({ message }) => message).map(({ reason }) => reason).toReversed();
  const expected = [
    /the message is not JSON/,
    /fleet other/,
    /i-00000000000000009 is not in the fleet/,
    /"kas:odd"/,
    /cpuhigh on i-00000000000000001 .*OK/,
    /is not newer than/,
  ];
  for (const [i, pattern] of expected.entries()) assertMatch(reasons[i] ?? "", pattern);
  assert(all.every(({ kind }) => kind === "none"));
});

Deno.test("a message with a time years ahead, or about an alarm of a different account, does not hide a change (R11, R14)", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  const name = `kas:cpuhigh:${BASE}`;
  const year = 365 * 24 * 3_600;
  await it.publish(notice(name, "OK", 10 * year));
  await it.publish(notice(name, "OK", 0).replace(":000000000000:", ":210987654321:"));
  await eventually(() => lines(autoscaler), (all) => all.filter(({ message }) => message).length === 2);
  await it.publish(notice(name, "ALARM", 0));
  const started = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(started?.instance, NODES[0]);
  const ignored = (await lines(autoscaler)).filter(({ message, kind }) => message && kind === "none");
  assertEquals(ignored.length, 2);
  assertMatch(ignored[1]?.reason ?? "", /StateChangeTime/);
  assertMatch(ignored[0]?.reason ?? "", /account or region/);
});

Deno.test("kas retries a stored message until AWS is available, and makes one decision for the message (R12, I8)", async () => {
  await using it = await stage();
  {
    using state = Store.open(it.options.state);
    new Inbox(state).add(
      "m",
      { kind: "notification", body: notice(`kas:cpuhigh:${BASE}`, "ALARM", 0) },
      Date.now(),
    );
  }
  it.sandbox.faults.throttle = 1;
  const autoscaler = await it.start();
  const failing = ({ error }: { error: string | undefined }) => error !== undefined;
  await eventually(() => it.sandbox.calls.filter(failing).length, (calls) => calls > 8);
  it.sandbox.faults.clear();
  const line = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals([line?.instance, line?.message], [NODES[0], "m"]);
  assertEquals((await lines(autoscaler)).filter(({ message }) => message).length, 1);
});

Deno.test("an alarm that stays in ALARM leads to one change of capacity per interval, without any message (R2)", async () => {
  await using it = await stage({ nodes: 2 });
  await it.alarm("cpuhigh", BASE, "ALARM");
  const limits = { ...it.options.limits, resync: 1_500 };
  const autoscaler = await it.start({ limits });
  const first = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals([first?.instance, first?.trigger], [NODES[0], "reconcile"]);
  const second = await eventualLine(
    autoscaler,
    ({ instance, status }) => instance === NODES[1] && status === "successful",
  );
  assertEquals(second?.trigger, "reconcile");
  assert(Date.parse(second?.phases.decided ?? "") - Date.parse(first?.phases.decided ?? "") >= limits.resync);
});

Deno.test("a notification leads to no action if a reconciliation has already acted on the same change (R2, R1)", async () => {
  await using it = await stage({ nodes: 2 });
  await it.alarm("cpuhigh", BASE, "ALARM");
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  const { changed } = await it.alarmNow("cpuhigh", BASE);
  await it.publish(notice(`kas:cpuhigh:${BASE}`, "ALARM", 0, changed));
  const found = await eventually(
    () => lines(autoscaler),
    (all) => all.some(({ trigger: source }) => source === "notification"),
  );
  const { kind, reason } = found.find(({ trigger: source }) => source === "notification") ?? {};
  assertEquals(kind, "none");
  assertMatch(reason ?? "", /is not newer than .* reconcile/);
});

Deno.test("kas resumes an unfinished activity at the next start, and repeats no call (R13)", async () => {
  let serves = false;
  await using it = await stage({ machine: machines((id) => id === BASE || serves) });
  {
    await using first = await it.start();
    await it.subscribe(first);
    await it.alarm("cpuhigh", BASE, "ALARM");
    await eventualLine(first, ({ phases }) => "running" in phases);
  }
  serves = true;
  const second = await it.start();
  const line = await eventualLine(second, ({ status }) => status === "successful");
  assertEquals(line?.instance, NODES[0]);
  assertEquals(changes(it.sandbox, NODES[0]), ["Start", "Register"]);
});

Deno.test("kas autoscaler --dry-run makes and records decisions, and carries out no action", async () => {
  await using it = await stage({}, { dryRun: true });
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, () => true);
  assertEquals([line?.kind, line?.instance, line?.status], ["start", NODES[0], "dry-run"]);
  assertEquals(changes(it.sandbox, NODES[0]), []);
});

Deno.test("GET /status contains the fleet, its alarms, the activities in progress and the settings, and no secret", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  const text = await (await fetch(`${autoscaler.url}/status`)).text();
  const status = JSON.parse(text);
  assertEquals(status.fleet, "kas");
  assertEquals(status.instances.map(({ id }: { id: string }) => id).toSorted(), [BASE, NODES[0]]);
  assertEquals(status.alarms.map(({ state }: { state: string }) => state), ["ALARM"]);
  assertEquals([status.activities, status.decisions[0].kind], [[], "start"]);
  assertEquals(status.settings.topicArn, it.options.topicArn);
  assertEquals([status.messages.accepted, status.messages.waiting], [2, 0]);
  assert(!/token|unsubscribeurl/i.test(text));
});

/** Returns CloudWatch's message about an alarm that changes its state some seconds from now. */
function notice(
  name: string,
  state: string,
  seconds: number,
  at: number = Date.now() + seconds * 1_000,
): string {
  const time = new Date(at).toISOString().replace("Z", "+0000");
  return JSON.stringify({
    AlarmName: name,
    AlarmArn: alarmArn(name),
    OldStateValue: "OK",
    NewStateValue: state,
    StateChangeTime: time,
  });
}
