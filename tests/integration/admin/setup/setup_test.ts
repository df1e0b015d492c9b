import { assertEquals, assertStringIncludes } from "@std/assert";
import { findBalancer } from "../../../../src/aws/balancing/classic_balancer.ts";
import { connect } from "../../../../src/aws/clients.ts";
import { OTHER_VPC, subnetOf } from "../../../../src/sandbox/ec2/zones.ts";
import { BASE, fleet, NODE } from "../../../unit/admin/fleet.ts";

/** Returns the rows that setup prints for monitoring. In a new sandbox, the instances have basic monitoring. */
const settingsRows = (action: "created" | "unchanged") =>
  action === "unchanged"
    ? []
    : [BASE, NODE].map((name) => ({ resource: "monitoring", name, action: "enabled" }));

/** The subnets of the VPC that is not the default one. */
const [SUBNET_A, SUBNET_B] = [subnetOf("eu-west-1a", OTHER_VPC), subnetOf("eu-west-1b", OTHER_VPC)];

const ALARMS = [BASE, NODE].flatMap((id) => [`kas:cpuhigh:${id}`, `kas:cpulow:${id}`]);

Deno.test("setup creates the missing resources in order, and a second run of setup changes nothing", async () => {
  await using f = await fleet();
  const rows = (action: "created" | "unchanged") => [
    { resource: "topic", name: "kas", action: "unchanged" },
    { resource: "balancer", name: "kas", action: action === "created" ? "updated" : "unchanged" },
    { resource: "instance", name: BASE, action: "unchanged" },
    ...settingsRows(action),
    ...ALARMS.map((name) => ({ resource: "alarm", name, action })),
  ];
  assertEquals(await f.rows("setup"), rows("created"));
  f.changes();
  assertEquals(await f.rows("setup"), rows("unchanged"));
  assertEquals(f.changes(), []);
});

Deno.test("setup creates topic and load balancer for a new fleet, and registers the fleet's running instances", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role base");
  await f.rows("instances create --image ami-1");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  const rows = await f.rows("setup --balancer classic");
  assertEquals(rows.map(({ resource, action }) => `${resource} ${action}`), [
    "topic created",
    "balancer created",
    "instance registered",
    "instance registered",
    ...Array(4).fill("alarm created"),
  ]);
  assertEquals(
    new Set((await f.rows("setup --balancer classic")).map(({ action }) => action)),
    new Set(["unchanged"]),
  );
});

Deno.test("setup enables the zones of new instances in an existing load balancer", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role base");
  await f.rows("setup --balancer classic");
  await f.rows("instances create --image ami-1");
  assertEquals(
    (await f.kas("setup --balancer classic --dry-run")).out.split("\n")[0],
    "enable zone eu-west-1b",
  );
  const changed = (await f.rows("setup --balancer classic")).filter(({ action }) => action !== "unchanged");
  assertEquals(changed.map(({ resource, name, action }) => `${resource} ${name} ${action}`), [
    "zone eu-west-1b enabled",
    `alarm kas:cpuhigh:${NODE} created`,
    `alarm kas:cpulow:${NODE} created`,
  ]);
  const rows = await f.rows(`balancers register kas ${NODE}`);
  assertEquals(rows.map(({ action }) => action), ["registered"]);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ registration }) => registration === "in-service")
  );
});

Deno.test("without a default VPC, setup uses the subnets and the security group of the fleet's instances", async () => {
  await using f = await fleet({ empty: true, faults: ["no-default-vpc=on"] });
  await f.rows(`instances create --image ami-1 --role base --subnet ${SUBNET_A}`);
  await f.rows("setup --balancer classic");
  await f.rows(`instances create --image ami-1 --subnet ${SUBNET_B}`);
  await f.rows("setup --balancer classic");
  await f.rows(`balancers register kas ${NODE}`);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ registration }) => registration === "in-service")
  );
  using aws = connect({ region: "eu-west-1", endpointUrl: f.sandbox.url });
  const balancer = await findBalancer(aws, "kas");
  assertEquals([balancer?.zones, balancer?.securityGroups], [["eu-west-1a", "eu-west-1b"], [
    "sg-00000000000000002",
  ]]);
  assertEquals(
    new Set((await f.rows("setup --balancer classic")).map(({ action }) => action)),
    new Set(["unchanged"]),
  );
});

Deno.test("setup refuses a fleet over two VPCs in one line, and creates nothing", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role base");
  await f.rows(`instances create --image ami-1 --subnet ${SUBNET_B}`);
  f.changes();
  const { status, err } = await f.kas("setup --balancer classic");
  assertEquals([status, f.changes()], [1, []]);
  for (const name of [BASE, NODE, "vpc-00000000000000001", "vpc-00000000000000002"]) {
    assertStringIncludes(err, name);
  }
});

Deno.test("setup registers instances that are pending", async () => {
  await using f = await fleet({ empty: true, boot: 600_000 });
  await f.rows("instances create --image ami-1 --role base");
  const registered = (await f.rows("setup --balancer classic")).filter(({ resource }) =>
    resource === "instance"
  );
  assertEquals(registered, [{ resource: "instance", name: BASE, action: "registered" }]);
});

Deno.test("setup creates the topic of --topic-arn only if the topic has the name of the fleet", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role base");
  const other = await f.kas("setup --balancer classic --topic-arn arn:aws:sns:eu-west-1:000000000000:others");
  assertEquals(other.status, 4);
  assertStringIncludes(other.err, "arn:aws:sns:eu-west-1:000000000000:others");
  const [topic] = await f.rows("setup --balancer classic --topic-arn arn:aws:sns:eu-west-1:000000000000:kas");
  assertEquals(topic, { resource: "topic", name: "kas", action: "created" });
  const elsewhere = await f.kas(
    "setup --balancer classic --fleet web --topic-arn arn:aws:sns:us-east-1:000000000000:web",
  );
  assertEquals(elsewhere.status, 1);
  assertStringIncludes(elsewhere.err, "arn:aws:sns:eu-west-1:000000000000:web");
  assertStringIncludes(elsewhere.err, "arn:aws:sns:us-east-1:000000000000:web");
});

Deno.test("setup fails with status 4 if the fleet has no instances", async () => {
  await using f = await fleet({ empty: true });
  const { status, err } = await f.kas("setup --balancer classic");
  assertEquals([status, err], [
    4,
    "Fleet kas is new in eu-west-1. No instance has the tag kas:fleet.\n" +
    "kas: Cannot choose availability zones for a load balancer: fleet kas has no instances. EC2 shows an instance some seconds after its creation\n",
  ]);
});

Deno.test("setup --pull creates alarms without actions, and makes no calls to SNS (R2)", async () => {
  await using f = await fleet();
  const rows = (action: "created" | "unchanged") => [
    { resource: "balancer", name: "kas", action: action === "created" ? "updated" : "unchanged" },
    { resource: "instance", name: BASE, action: "unchanged" },
    ...settingsRows(action),
    ...ALARMS.map((name) => ({ resource: "alarm", name, action })),
  ];
  const { length } = f.sandbox.calls;
  assertEquals(await f.rows("setup --pull"), rows("created"));
  assertEquals(new Set((await f.rows("alarms list")).map(({ topic }) => topic)), new Set([null]));
  assertEquals(await f.rows("setup --pull"), rows("unchanged"));
  assertEquals(f.sandbox.calls.slice(length).filter(({ service }) => service === "sns"), []);
  // When setup runs again without --pull, it adds the actions to the alarms.
  assertEquals((await f.rows("setup")).filter(({ action }) => action === "updated").length, ALARMS.length);
  assertEquals(await f.rows("setup --pull"), rows("unchanged"));
});

Deno.test("alarms set --pull needs no topic", async () => {
  await using f = await fleet();
  await f.rows("setup --pull");
  const [row] = await f.rows("alarms set --requests-of kas --requests 600 --pull");
  assertEquals(row, { name: "kas:reqcount:kas", action: "created" });
});

Deno.test("setup registers an unregistered base instance, but no unregistered node", async () => {
  await using f = await fleet();
  await f.rows(`instances start ${NODE}`);
  await f.rows(`balancers deregister kas ${BASE}`);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state, registration }) =>
      state === "running" && registration === "none"
    )
  );
  const registered = (await f.rows("setup")).filter(({ resource }) => resource === "instance");
  assertEquals(registered, [{ resource: "instance", name: BASE, action: "registered" }]);
});

Deno.test("setup keeps the thresholds of existing alarms unless --cpu is given", async () => {
  await using f = await fleet();
  await f.rows("alarms set --all --cpu 20:50");
  const alarmChanges = (await f.rows("setup")).filter(({ resource, action }) =>
    resource === "alarm" && action !== "unchanged"
  );
  assertEquals(alarmChanges, []);
  const changed = (await f.rows("setup --cpu 20:60")).filter(({ action }) => action !== "unchanged");
  assertEquals(changed.map(({ name, action }) => `${name} ${action}`), [
    `kas:cpuhigh:${BASE} updated`,
    `kas:cpuhigh:${NODE} updated`,
  ]);
});

Deno.test("setup --dry-run prints the changes and makes no changes", async () => {
  await using f = await fleet();
  f.changes();
  const { status, out } = await f.kas("setup --dry-run --url http://127.0.0.1:9/");
  assertEquals([status, out], [
    0,
    [
      "update balancer kas",
      ...[BASE, NODE].map((id) => `enable monitoring ${id}`),
      ...ALARMS.map((name) => `create alarm ${name}`),
      "subscribe subscription http://127.0.0.1:9/",
      "",
    ].join("\n"),
  ]);
  assertEquals(f.changes(), []);
});

Deno.test("setup --url subscribes the autoscaler and waits until the autoscaler confirms the subscription", async () => {
  await using f = await fleet();
  await using receiver = autoscalerStandIn(f.sandbox.url);
  const subscription = async () => (await f.rows(`setup --url ${receiver.url}`)).at(-1);
  assertEquals(await subscription(), { resource: "subscription", name: receiver.url, action: "confirmed" });
  assertEquals(await subscription(), { resource: "subscription", name: receiver.url, action: "unchanged" });
});

Deno.test("setup fails with status 1 if the confirmation does not arrive in time, and prints the completed steps", async () => {
  await using f = await fleet();
  const { status, out, err } = await f.kas("setup --url http://127.0.0.1:9/ --timeout 10ms");
  assertEquals(status, 1);
  assertStringIncludes(err, "http://127.0.0.1:9/ was not confirmed within 10 ms");
  assertEquals(out.trimEnd().split("\n").length, 1 + 3 + 2 + ALARMS.length);
});

Deno.test("setup fails with status 4 if the topic does not exist, or if the fleet has no instances", async () => {
  await using f = await fleet();
  assertEquals(
    (await f.kas("setup --balancer classic --topic-arn arn:aws:sns:eu-west-1:000000000000:none")).status,
    4,
  );
  assertEquals((await f.kas("setup --balancer classic --fleet nobody")).status, 4);
});

/** Starts a server that confirms subscriptions, as an autoscaler does. */
function autoscalerStandIn(endpoint: string): { readonly url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { SubscribeURL } = await request.json();
    if (SubscribeURL !== undefined && SubscribeURL.startsWith(endpoint)) {
      await (await fetch(SubscribeURL)).body?.cancel();
    }
    return new Response("accepted");
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("setup enables detailed monitoring once, and with --monitoring basic never", async () => {
  await using f = await fleet();
  await f.rows("setup --monitoring basic");
  const monitoring = () => f.changes().filter((action) => action === "MonitorInstances").length;
  assertEquals(monitoring(), 0);
  await f.rows("setup");
  assertEquals(monitoring(), 1);
  await f.rows("setup");
  assertEquals(monitoring(), 0);
});

Deno.test("setup enables detailed monitoring of 120 instances with few calls", async () => {
  await using f = await fleet({ nodes: 119 });
  f.changes();
  const rows = (await f.rows("setup")).filter(({ resource }) => resource === "monitoring");
  assertEquals(rows.length, 120);
  assertEquals(f.changes().filter((action) => action === "MonitorInstances").length, 3);
});

Deno.test("setup makes the load balancer drain for less than --drain-timeout, and draining stays on", async () => {
  await using f = await fleet();
  const balancer = async (words: string) =>
    (await f.rows(`setup ${words}`)).find(({ resource }) => resource === "balancer")?.["action"];
  assertEquals(await balancer("--drain-timeout 60s"), "updated");
  assertEquals(await balancer("--drain-timeout 60s"), "unchanged");
  assertEquals(await balancer("--drain-timeout 59s"), "updated");
  // Setup keeps a draining timeout that is shorter than necessary, because the operator may have set it.
  assertEquals(await balancer("--drain-timeout 300s"), "unchanged");
});
