import { assertEquals, assertLess } from "@std/assert";
import { fleet } from "../../../unit/admin/fleet.ts";

/** Nodes beside the base: a fleet of 200 instances. */
const NODES = 199;

Deno.test("a fleet of 200 instances is set up, started, stopped and torn down at AWS's rates, in few calls", async () => {
  await using f = await fleet({ nodes: NODES, faults: ["rate-limits=on"] });
  const counts = async (words: string) => {
    const from = f.sandbox.calls.length;
    const rows = await f.rows(words);
    const calls = f.sandbox.calls.slice(from);
    return {
      rows,
      accepted: (action: string) => calls.filter((call) => call.action === action && !call.error).length,
      throttled: calls.filter(({ error }) => error === "Throttling").length,
    };
  };
  const nodes = f.sandbox.account.instances().filter(({ role }) => role === "node").map(({ id }) => id);

  const setup = await counts("setup --pull");
  assertEquals(setup.accepted("PutMetricAlarm"), 400);
  assertEquals(setup.accepted("MonitorInstances"), 4);
  // A slow machine may stay below the rates, so that nothing is throttled.
  assertLess(setup.throttled, 80);

  const start = await counts(`instances start ${nodes.join(" ")}`);
  assertEquals([start.rows.length, start.accepted("StartInstances")], [NODES, 4]);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  const register = await counts(`balancers register kas ${nodes.join(" ")}`);
  assertEquals([register.rows.length, register.accepted("RegisterInstancesWithLoadBalancer")], [NODES, 4]);

  const teardown = await counts("teardown --instances --yes");
  assertEquals(teardown.accepted("DeleteAlarms"), 4);
  assertEquals(teardown.accepted("DeregisterInstancesFromLoadBalancer"), 4);
  assertEquals(teardown.accepted("TerminateInstances"), 4);
  assertEquals((await f.kas("alarms --no-header")).out, "");
});

Deno.test("instances that AWS refuses fail by themselves: the others of their batch are started", async () => {
  await using f = await fleet({ nodes: 9 });
  const [first = "", ...others] = f.sandbox.account.instances().filter(({ role }) => role === "node")
    .map(({ id }) => id);
  f.sandbox.faults.set(`no-capacity=${first}`);
  const { status, out, err } = await f.kas(`instances start ${[first, ...others].join(" ")} --no-header`);
  assertEquals([status, out.trim().split("\n").length], [1, 8]);
  assertEquals(err.includes("InsufficientInstanceCapacity") && !out.includes(first), true, err);
});

Deno.test("terminate deletes the alarms of the terminated instances only, with one call of each kind", async () => {
  await using f = await fleet({ nodes: 6 });
  await f.rows("setup");
  const [guarded = "", ...others] = f.sandbox.account.instances().filter(({ role }) => role === "node")
    .map(({ id }) => id);
  f.changes();
  await f.rows(`instances terminate ${others.slice(0, 3).join(" ")} --yes`);
  assertEquals(f.changes(), ["CreateTags", "TerminateInstances", "DeleteAlarms"]);
  f.sandbox.faults.set(`protected=${guarded}`);
  const { status } = await f.kas(`instances terminate ${guarded} ${others.slice(3).join(" ")} --yes`);
  assertEquals(status, 1);
  const left = (await f.rows("alarms")).map(({ name }) => String(name).split(":")[2]);
  assertEquals(left.filter((id) => others.includes(id ?? "")), []);
  assertEquals(left.filter((id) => id === guarded).length, 2);
});
