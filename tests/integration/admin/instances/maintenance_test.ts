/**
 * Tests `kas admin instances detach`, `attach` and `adopt` in the sandbox.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../../../src/aws/clients.ts";
import { quarantine } from "../../../../src/aws/ec2/quarantine.ts";
import { BASE, type Fleet, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";
import { between, denial } from "../between.ts";

/** Waits until the node has a state. */
async function nodeIs(f: Fleet, wanted: string): Promise<void> {
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().some(({ id, state }) => id === NODE && state === wanted)
  );
}

/** Starts a fleet of a base instance and two nodes, of which the first one runs without being registered. */
async function started(): Promise<Fleet> {
  const f = await fleet({ nodes: 2 });
  await f.rows(`instances start ${NODE}`);
  await nodeIs(f, "running");
  return f;
}

/** Returns the state, the health and the operator's tags of an instance. */
async function shown(f: Fleet, id: string): Promise<unknown[]> {
  const { state, health } = (await f.rows("instances")).find((row) => row["id"] === id) ?? {};
  const tags = (await f.rows(`instances tags ${id}`)).map(({ key }) => String(key));
  return [state, health, tags.filter((key) => key === "kas:detached" || key === "kas:by-operator").sort()];
}

const TAGS = ["kas:by-operator", "kas:detached"];

Deno.test("instances adopt puts a running node into service, and changes nothing if it is in service", async () => {
  await using f = await started();
  assertEquals(await shown(f, NODE), ["running", "Detached", []]);
  assertEquals(await f.rows(`instances adopt ${NODE}`), [{ id: NODE, action: "adopted" }]);
  assertEquals(await shown(f, NODE), ["running", "InService", []]);
  assertEquals(await f.rows(`instances adopt ${NODE}`), [{ id: NODE, action: "unchanged" }]);
});

Deno.test("instances adopt refuses instances that are stopped, quarantined or not in the fleet, and adopts the others", async () => {
  await using f = await started();
  const other = "i-00000000000000003";
  const { status, out, err } = await f.kas(`instances adopt ${other} ${NOBODY} ${NODE} --no-header`);
  assertEquals([status, out], [1, `${NODE}\tadopted\n`]);
  assertStringIncludes(
    err,
    `kas: Cannot adopt ${other}: it is stopped; try: kas admin instances start ${other}\n`,
  );
  await f.rows(`balancers deregister kas ${NODE}`);
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  await quarantine(aws, NODE, "it broke");
  const refused = await f.kas(`instances adopt ${NODE}`);
  assertEquals(refused.status, 1);
  assertStringIncludes(refused.err, `kas admin instances release ${NODE}`);
  assertEquals((await f.kas(`instances adopt ${NOBODY}`)).status, 4);
});

Deno.test("instances detach drains an instance and leaves it running, and attach puts it back into service", async () => {
  await using f = await started();
  await f.rows(`instances adopt ${NODE}`);
  f.changes();
  assertEquals(await f.rows(`instances detach ${BASE} ${NODE}`), [
    { id: BASE, action: "detached" },
    { id: NODE, action: "detached" },
  ]);
  assertEquals(f.changes(), ["CreateTags", "DeregisterInstancesFromLoadBalancer"]);
  assertEquals([await shown(f, BASE), await shown(f, NODE)], [
    ["running", "Detached", TAGS],
    ["running", "Detached", TAGS],
  ]);
  assertEquals(await f.rows(`instances detach ${NODE}`), [{ id: NODE, action: "unchanged" }]);
  assertEquals(
    (await f.rows(`setup`)).filter(({ resource, action }) =>
      resource === "instance" && action !== "unchanged"
    ),
    [],
  );
  assertEquals((await f.rows(`instances attach ${BASE} ${NODE}`)).map(({ action }) => action), [
    "attached",
    "attached",
  ]);
  assertEquals([await shown(f, BASE), await shown(f, NODE)], [
    ["running", "InService", []],
    ["running", "InService", []],
  ]);
  assertEquals(await f.rows(`instances attach ${NODE}`), [{ id: NODE, action: "unchanged" }]);
});

Deno.test("a stopped node can be detached too, and attach makes it a standby again", async () => {
  await using f = await fleet();
  f.changes();
  await f.rows(`instances detach ${NODE}`);
  assertEquals(await shown(f, NODE), ["stopped", "Detached", TAGS]);
  const { status, out } = await f.kas("scale out --dry-run --output json");
  assertEquals([status, JSON.parse(out)[0].kind], [1, "no action (no-standby)"]);
  await f.rows(`instances attach ${NODE}`);
  assertEquals(await shown(f, NODE), ["stopped", null, []]);
  assertEquals(f.changes(), ["CreateTags", "DeleteTags"]);
});

Deno.test("instances detach says that fewer instances than the minimum stay in service", async () => {
  await using f = await started();
  await f.rows(`instances adopt ${NODE}`);
  const note = async (words: string) => (await f.kas(`${words} --dry-run`)).err;
  assertEquals(await note(`instances detach ${NODE}`), "");
  assertStringIncludes(await note(`instances detach ${NODE} --min 2`), "min is 2");
  assertStringIncludes(await note(`instances detach ${BASE} ${NODE}`), "min is 1");
});

Deno.test("instances detach, attach and adopt with --dry-run change nothing", async () => {
  await using f = await started();
  f.changes();
  assertEquals((await f.kas(`instances detach ${NODE} --dry-run`)).out, `detach ${NODE} (running)\n`);
  assertEquals((await f.kas(`instances adopt ${NODE} --dry-run`)).out, `adopt ${NODE} (running)\n`);
  assertEquals((await f.kas(`instances attach ${NODE} --dry-run`)).status, 0);
  assertEquals(f.changes(), []);
});

Deno.test("an instance that does not come into service in time is an error, and stays registered", async () => {
  await using f = await started();
  f.sandbox.faults.set(`unhealthy=${NODE}`);
  const late = await f.kas(`instances adopt ${NODE} --start-timeout 1s`);
  assertEquals(late.status, 1);
  assertStringIncludes(late.err, NODE);
  assertEquals(await shown(f, NODE), ["running", "OutOfService", []]);
});

Deno.test("if AWS refuses to deregister an instance, detach leaves it in service and without tags", async () => {
  await using f = await fleet();
  await using denied = between(f, (call) => call.includes("Deregister") ? denial(call) : undefined);
  const { status } = await f.kas(`instances detach ${BASE}`, { env: { AWS_ENDPOINT_URL: denied.url } });
  assertEquals(status, 1);
  assertEquals(await shown(f, BASE), ["running", "InService", []]);
});
