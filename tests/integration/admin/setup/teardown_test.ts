import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, FROM_SOURCE, start } from "../../../support/kas.ts";
import { between, denial } from "../between.ts";
import { BASE, type Fleet, fleet, NODE } from "../../../unit/admin/fleet.ts";
import type { Ended } from "../../../unit/cli/captured.ts";

/** Names of the alarms, in the order in which CloudWatch lists them. */
const ALARMS = ["cpuhigh", "cpulow"].flatMap((kind) => [BASE, NODE].map((id) => `kas:${kind}:${id}`));

/** Returns how the commands end that list the resources of the account. */
async function listings(f: Fleet): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (const words of ["instances", "balancers", "alarms", "topics"]) ended.push(await f.kas(words));
  return ended;
}

Deno.test("after setup, instances create and teardown --instances, the account has the same resources as before", async () => {
  await using f = await fleet({ empty: true });
  const empty = await listings(f);
  await f.rows("instances create --image ami-1 --role base");
  await f.rows("instances create --image ami-1 --role control");
  await f.rows("instances create --image ami-1 --count 2");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  await f.rows("setup --balancer classic");
  const rows = await f.rows("teardown --instances --yes");
  assertEquals(rows.map(({ resource, action }) => `${resource} ${action}`), [
    ...Array(8).fill("alarm deleted"),
    "topic deleted",
    ...Array(4).fill("instance terminated"),
    "balancer deleted",
  ]);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "terminated")
  );
  assertEquals(await listings(f), empty);
});

Deno.test("teardown deletes alarms before their topic, deregisters instances before terminating them, and can be repeated", async () => {
  await using f = await fleet();
  await using receiver = confirming();
  await f.rows("setup");
  await f.rows(`topics subscribe ${receiver.url}`);
  const [subscription] = await receiver.confirmed(f);
  f.changes();
  assertEquals(await f.rows("teardown --instances --yes"), [
    ...ALARMS.map((name) => ({ resource: "alarm", name, action: "deleted" })),
    { resource: "subscription", name: subscription, action: "deleted" },
    { resource: "topic", name: "kas", action: "deleted" },
    { resource: "instance", name: BASE, action: "terminated" },
    { resource: "instance", name: NODE, action: "terminated" },
    { resource: "balancer", name: "kas", action: "deleted" },
  ]);
  assertEquals(f.changes(), [
    "DeleteAlarms",
    "Unsubscribe",
    "DeleteTopic",
    "CreateTags",
    "DeregisterInstancesFromLoadBalancer",
    "TerminateInstances",
    "DeleteLoadBalancer",
  ]);
  const again = await f.kas("teardown --instances");
  assertEquals([again.status, again.out], [0, "resource\tname\taction\n"]);
  assertStringIncludes(again.err, "kas");
  assertEquals(f.changes(), []);
});

Deno.test("teardown without --instances keeps the instances and deregisters them", async () => {
  await using f = await fleet();
  const rows = await f.rows("teardown --yes");
  assertEquals(rows.map(({ resource, name, action }) => [resource, name, action]), [
    ["topic", "kas", "deleted"],
    ["instance", BASE, "deregistered"],
    ["balancer", "kas", "deleted"],
  ]);
  assertEquals((await f.rows("instances")).map(({ state }) => state), ["running", "stopped"]);
});

Deno.test("teardown keeps the resources of a different fleet", async () => {
  await using f = await fleet();
  await f.rows("setup");
  await f.rows("topics create kas2");
  await f.rows("balancers create kas2 --zone eu-west-1a");
  await f.rows("instances create --image ami-1 --fleet kas2");
  await f.rows("setup --fleet kas2");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state !== "pending")
  );
  await f.rows("teardown --instances --yes");
  assertEquals((await f.rows("topics")).map(({ name }) => name), ["kas2"]);
  assertEquals(new Set((await f.rows("balancers")).map(({ name }) => name)), new Set(["kas2"]));
  assertEquals((await f.rows("alarms --fleet kas2")).length, 2);
  assertEquals((await f.rows("instances --fleet kas2")).map(({ state }) => state), ["running"]);
});

Deno.test("teardown keeps a Classic Load Balancer that setup did not create, and deregisters the fleet's instances", async () => {
  await using f = await fleet({ empty: true });
  const [base] = await f.rows("instances create --image ami-1 --role base");
  await f.rows("balancers create kas --zone eu-west-1a");
  await f.rows("setup");
  const { status, out, err } = await f.kas("teardown --yes --no-header");
  assertEquals([status, out.includes(`instance\t${base?.["id"]}\tderegistered`), out.includes("balancer")], [
    0,
    true,
    false,
  ]);
  assertStringIncludes(err, "aws elb delete-load-balancer --load-balancer-name kas");
  await f.rows("setup --balancer none");
  await f.rows("teardown --yes");
  assertEquals((await f.rows("balancers")).map(({ name }) => name), ["kas"]);
});

Deno.test("teardown keeps a topic with a different name, and deletes the subscription of --url", async () => {
  await using f = await fleet();
  await using receiver = confirming();
  const [shared] = await f.rows("topics create shared");
  const topic = `--topic-arn ${shared?.["arn"]}`;
  await f.rows(`setup ${topic}`);
  await f.rows(`topics subscribe ${receiver.url} ${topic}`);
  const [subscription] = await receiver.confirmed(f, topic);
  const dry = await f.kas(`teardown --dry-run ${topic}`);
  assertEquals(dry.out.includes("subscription"), false, dry.out);
  assertMatch(dry.err, /\bshared\b/);
  const rows = await f.rows(`teardown --yes ${topic} --url ${receiver.url}`);
  assertEquals(rows.filter(({ resource }) => resource === "subscription" || resource === "topic"), [
    { resource: "subscription", name: subscription, action: "deleted" },
  ]);
  assertEquals((await f.rows("topics")).map(({ name }) => name).sort(), ["kas", "shared"]);
});

Deno.test("teardown keeps a load balancer that serves other instances, and deregisters only the fleet's instances", async () => {
  await using f = await fleet();
  const [other] = await f.rows("instances create --image ami-1 --fleet other");
  await f.rows(`balancers register kas ${other?.["id"]} --fleet other`);
  const { status, out, err } = await f.kas("teardown --yes --no-header");
  assertEquals([status, out], [0, `topic\tkas\tdeleted\ninstance\t${BASE}\tderegistered\n`]);
  assertEquals(err.includes(`${other?.["id"]}`), true, err);
  await f.rows(`instances terminate ${other?.["id"]} --fleet other --yes`);
  assertEquals((await f.rows("teardown --yes")).map(({ resource }) => resource), ["balancer"]);
});

Deno.test("teardown asks for confirmation on a terminal, and needs --yes without a terminal", async () => {
  await using f = await fleet();
  f.changes();
  const alone = await f.kas("teardown");
  assertEquals([alone.status, alone.out], [2, ""]);
  assertStringIncludes(alone.err, "--yes");
  const no = await f.kas("teardown --instances", { terminal: { answer: "n" } });
  assertEquals([no.status, no.out], [1, ""]);
  assertStringIncludes(
    no.err,
    "Tear down fleet kas permanently: delete 1 topic, terminate 2 instances, delete 1 balancer? [y/N]",
  );
  assertEquals(f.changes(), []);
  assertEquals((await f.kas("teardown", { terminal: { answer: "y" } })).status, 0);
});

Deno.test("teardown --dry-run prints the deletions and deletes nothing", async () => {
  await using f = await fleet();
  await f.rows("setup");
  f.changes();
  const { status, out } = await f.kas("teardown --dry-run --instances");
  assertEquals([status, out.trimEnd().split("\n")], [0, [
    ...ALARMS.map((name) => `delete alarm ${name}`),
    "delete topic kas",
    `terminate instance ${BASE}`,
    `terminate instance ${NODE}`,
    "delete balancer kas",
  ]]);
  assertEquals(f.changes(), []);
});

Deno.test("teardown reports each failure and makes all other deletions, but keeps a topic that alarms still use", async () => {
  await using f = await fleet();
  await f.rows("setup");
  await using denied = between(f, (call) => /DeleteAlarms|Deregister/.test(call) ? denial(call) : undefined);
  const { status, out, err } = await f.kas("teardown --instances --yes --no-header", {
    env: { AWS_ENDPOINT_URL: denied.url },
  });
  assertEquals([status, out], [1, `instance\t${NODE}\tterminated\nbalancer\tkas\tdeleted\n`]);
  const [alarms, topic, base, ...more] = err.trimEnd().split("\n");
  assertMatch(
    alarms ?? "",
    /^kas: Cannot delete alarm kas:cpuhigh:.*, alarm kas:cpulow:.*AccessDenied.*; try: .*cloudwatch:DeleteAlarms/,
  );
  assertMatch(topic ?? "", /^kas: Cannot delete topic kas: /);
  assertMatch(base ?? "", new RegExp(`^kas: Cannot terminate instance ${BASE}: .*AccessDenied`));
  assertEquals(more, []);
  // The next run makes the remaining deletions.
  const again = await f.rows("teardown --instances --yes");
  assertEquals(again.map(({ resource }) => resource), [...Array(4).fill("alarm"), "topic", "instance"]);
});

Deno.test("an interrupted teardown prints what is not completed, and exits with status 130", async () => {
  await using f = await fleet();
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  await using held = between(f, async (call) => {
    if (!call.includes("Deregister")) return undefined;
    asked.resolve();
    await ended.promise;
    return denial(call);
  });
  const env = { ...f.sandbox.env, AWS_ENDPOINT_URL: held.url };
  await using kas = start([...FROM_SOURCE, ..."admin teardown --yes --no-header".split(" ")], env);
  await asked.promise;
  kas.kill("SIGINT");
  assertEquals((await kas.status).code, 130);
  ended.resolve();
  const [unfinished = "", ...rest] = kas.lines.filter((line) => !line.startsWith("topic"));
  assertMatch(unfinished, new RegExp(`^kas: Interrupted; .*: instance ${BASE}, balancer kas$`));
  assertEquals(rest, ["kas: Interrupted"]);
  assertEquals((await f.rows("balancers")).map(({ instance }) => instance), [BASE]);
});

/** Starts a server that confirms subscriptions, as an autoscaler does. */
function confirming() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { SubscribeURL } = await request.json();
    if (SubscribeURL !== undefined) await (await fetch(SubscribeURL)).body?.cancel();
    return new Response("accepted");
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  return {
    url,
    /** Waits until all subscriptions of the topic are confirmed, and returns their ARNs. */
    confirmed: async (f: Fleet, flags = "") => {
      const rows = await eventually(
        () => f.rows(`topics subscriptions ${flags}`.trim()),
        (rows) => rows.length > 0 && rows.every(({ status }) => status === "confirmed"),
      );
      return rows.map(({ subscription }) => subscription);
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
