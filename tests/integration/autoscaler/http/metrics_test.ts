import { assert, assertEquals, assertMatch } from "@std/assert";
import { count, type Family, parseExposition, value } from "../../../unit/autoscaler/http/exposition.ts";
import { BASE, eventualLine, machines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { realRuntime } from "../../../../src/runtime.ts";
import { eventually } from "../../../support/kas.ts";

Deno.test("GET /metrics counts a scale-out and a scale-in, and no label contains the id of an instance, alarm or message", async () => {
  let ahead = 0;
  const clock = { ...realRuntime.clock, now: () => Date.now() + ahead };
  await using it = await stage({ nodes: 3, machine: machines() });
  await using autoscaler = it.start({}, { ...realRuntime, clock });
  await it.subscribe(autoscaler);
  const read = async () => {
    const response = await fetch(`${autoscaler.url}/metrics`);
    assertMatch(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    return parseExposition(await response.text());
  };
  const before = await read();
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  // kas does not stop an instance that came into service some seconds ago: AWS's answers may be older.
  ahead = 60_000;
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", NODES[0], "OK");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status === "successful");
  const after = await eventually(
    read,
    (families) => value(families, "kas_activities_total", { kind: "stop", status: "successful" }) === 1,
  );

  const rise = (name: string, labels: Record<string, string> = {}) =>
    (value(after, name, labels) ?? NaN) - (value(before, name, labels) ?? NaN);
  assertEquals(rise("kas_messages_total", { outcome: "accepted", reason: "" }), 3);
  assertEquals(rise("kas_decisions_total", { kind: "start", trigger: "notification", check: "" }), 1);
  assertEquals(rise("kas_decisions_total", { kind: "stop", trigger: "notification", check: "" }), 1);
  assertEquals(rise("kas_decisions_total", { kind: "none", trigger: "notification", check: "" }), 1);
  assertEquals(rise("kas_activities_total", { kind: "start", status: "successful" }), 1);
  for (const phase of ["notified", "decided", "started", "running", "healthy", "registered", "in-service"]) {
    assertEquals(count(after, "kas_activity_phase_seconds", { kind: "start", phase }), 1, phase);
  }
  for (
    const phase of ["notified", "decided", "deregistered", "drained", "rechecked", "stopping", "stopped"]
  ) {
    assertEquals(count(after, "kas_activity_phase_seconds", { kind: "stop", phase }), 1, phase);
  }
  assertEquals(count(after, "kas_activity_seconds", { kind: "start" }), 1);
  assertEquals(value(after, "kas_instances", { role: "base", status: "in-service" }), 1);
  const nodes = after.get("kas_instances")?.samples.filter(({ labels }) => labels["role"] === "node") ?? [];
  assertEquals(nodes.reduce((sum, { value }) => sum + value, 0), 3);
  const bounds = ["min", "max"].map((state) => value(after, "kas_capacity", { state }));
  assertEquals(bounds, [1, 4]);
  assertEquals(
    rise("kas_aws_requests_total", { service: "EC2", operation: "StartInstances", outcome: "ok" }),
    1,
  );
  assertEquals(
    rise("kas_aws_requests_total", { service: "EC2", operation: "StopInstances", outcome: "ok" }),
    1,
  );
  assertEquals(value(after, "kas_inbox_waiting"), 0);

  // Every time series exists from the start.
  assertEquals(series(after), series(before));
  const labels = new Set(
    after.values().flatMap(({ samples }) => samples).flatMap(({ labels }) => Object.values(labels)),
  );
  for (const label of labels) {
    assert(!/^i-|kas:|[0-9a-f]{8}-|:\/\/|\s/.test(label), `${label} is not of a fixed list`);
  }
  assert(series(after).length < 1_000, `${series(after).length} series`);
});

/** Returns the names and labels of all time series. */
function series(families: ReadonlyMap<string, Family>): string[] {
  return [...families.values()].flatMap(({ samples }) =>
    samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
  ).sort();
}
