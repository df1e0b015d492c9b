import { assertEquals, assertStringIncludes } from "@std/assert";
import { BASE, fleet, NOBODY, NODE } from "../../unit/admin/fleet.ts";

Deno.test("balancers lists each instance's health, a balancer without instances as one line", async () => {
  await using f = await fleet();
  await f.rows("balancers create empty --zone eu-west-1a");
  const rows = await f.rows("balancers");
  assertEquals(rows.map(({ name, instance, health, reason }) => [name, instance, health, reason]).sort(), [
    ["empty", null, null, null],
    ["kas", BASE, "InService", null],
  ]);
  const { out } = await f.kas("balancers list");
  assertEquals(out.split("\n")[0], "name\tdns_name\tinstance\thealth\treason");
});

Deno.test("balancers create makes kas's load balancer in the fleet's zones", async () => {
  await using f = await fleet();
  const [made] = await f.rows("balancers create web");
  assertEquals(made?.["name"], "web");
  const { input } = f.sandbox.calls.findLast(({ action }) => action === "CreateLoadBalancer") ?? {};
  assertEquals(input?.["AvailabilityZones"], ["eu-west-1a", "eu-west-1b"]);
  assertEquals((await f.kas("balancers create web_1")).status, 2);
  assertEquals((await f.kas("balancers create x --fleet nobody")).status, 4);
});

Deno.test("balancers register and deregister say what they did, and leave what is so already", async () => {
  await using f = await fleet();
  assertEquals(await f.rows(`balancers register kas ${BASE}`), [{
    name: "kas",
    instance: BASE,
    action: "unchanged",
  }]);
  assertEquals(await f.rows(`balancers deregister kas ${BASE}`), [{
    name: "kas",
    instance: BASE,
    action: "deregistered",
  }]);
  assertEquals(await f.rows(`balancers deregister kas ${NODE}`), [{
    name: "kas",
    instance: NODE,
    action: "unchanged",
  }]);
  assertEquals((await f.kas(`balancers register kas ${NOBODY}`)).status, 4);
  assertEquals((await f.kas(`balancers register none ${BASE}`)).status, 4);
});

Deno.test("alarms set, list and delete an instance's alarms", async () => {
  await using f = await fleet();
  const [high, low] = [`kas:cpuhigh:${BASE}`, `kas:cpulow:${BASE}`];
  const actions = (action: string) => [{ name: high, action }, { name: low, action }];
  assertEquals(await f.rows(`alarms set ${BASE} --cpu 35:70 --period 120`), actions("created"));
  assertEquals(await f.rows(`alarms set ${BASE} --cpu 35:70 --period 120`), actions("unchanged"));
  assertEquals(await f.rows(`alarms set ${BASE}`), actions("updated"));
  const { out } = await f.kas("alarms");
  const [header, ...lines] = out.trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(header, ["kind", "name", "metric", "period", "dimension", "state", "topic"]);
  assertEquals(lines.map((fields) => fields.toSpliced(5, 1)).sort(), [
    ["cpuhigh", high, "CPUUtilization(Average)>=80", "60", BASE, "kas"],
    ["cpulow", low, "CPUUtilization(Average)>=42", "60", BASE, "kas"],
  ]);
  assertEquals((await f.kas("alarms delete kas:cpuhigh:none")).status, 4);
  assertEquals(await f.rows(`alarms delete ${high}`), [{ name: high, action: "deleted" }]);
  assertEquals(await f.rows(`alarms delete --instance ${BASE}`), [{ name: low, action: "deleted" }]);
  assertEquals((await f.kas(`alarms delete --instance ${BASE}`)).status, 4);
});

Deno.test("alarms set watches the whole fleet, or a load balancer's requests", async () => {
  await using f = await fleet();
  assertEquals((await f.rows("alarms set --all")).length, 4);
  assertEquals(await f.rows("alarms set --requests 600 --period 300"), [
    { name: "kas:reqcount:kas", action: "created" },
  ]);
  assertEquals(await f.rows("alarms set --balancer kas --requests 600 --period 300"), [
    { name: "kas:reqcount:kas", action: "unchanged" },
  ]);
  const requests = (await f.rows("alarms")).find(({ kind }) => kind === "reqcount");
  assertEquals([requests?.["metric"], requests?.["period"]], ["RequestCount(Sum)>=600", 300]);
  assertEquals((await f.kas("alarms set --balancer none --requests 600")).status, 4);
});

Deno.test("alarms set refuses what makes no sense", async () => {
  await using f = await fleet();
  f.changes();
  for (
    const words of [
      "alarms set",
      `alarms set ${BASE} --all`,
      "alarms set --balancer kas",
      "alarms set --all --requests 5",
      `alarms set ${BASE} --requests 5`,
      "alarms set --balancer kas --requests 5 --cpu 1:2",
      `alarms set ${BASE} --cpu 80:42`,
      `alarms set ${BASE} --cpu 80`,
      `alarms set ${BASE} --period 90`,
      `alarms set ${BASE} --evaluations 0`,
      "alarms delete",
      "alarms test kas:cpuhigh:x HIGH",
    ]
  ) {
    const { status, out, err } = await f.kas(words);
    assertEquals([status, out, err.split("\n").length], [2, "", 2], `${words}: ${err}`);
  }
  assertEquals(f.changes(), []);
});

Deno.test("alarms test puts an alarm into a state", async () => {
  await using f = await fleet();
  await f.rows(`alarms set ${BASE}`);
  const [row] = await f.rows(`alarms test kas:cpuhigh:${BASE} ALARM`);
  assertEquals([row?.["name"], row?.["after"]], [`kas:cpuhigh:${BASE}`, "ALARM"]);
  assertEquals((await f.kas("alarms test kas:cpuhigh:none OK")).status, 4);
});

Deno.test("topics lists and creates topics", async () => {
  await using f = await fleet();
  const arn = f.sandbox.env["KAS_TOPIC_ARN"];
  assertEquals(await f.rows("topics"), [{ arn, name: "kas", subscriptions: 0 }]);
  const [made] = await f.rows("topics create web");
  assertEquals([made?.["name"], made?.["subscriptions"]], ["web", 0]);
  assertEquals((await f.rows("topics list")).length, 2);
  assertEquals((await f.kas("topics create web.1")).status, 2);
});

Deno.test("topics subscribes, lists and unsubscribes a URL", async () => {
  await using f = await fleet();
  const url = "http://127.0.0.1:9/";
  const [made] = await f.rows(`topics subscribe ${url}`);
  assertEquals(made, {
    subscription: "PendingConfirmation",
    endpoint: url,
    protocol: "http",
    status: "pending",
  });
  assertEquals(await f.rows("topics subscriptions"), [made]);
  assertEquals((await f.kas("topics subscribe ftp://x")).status, 2);
  const pending = await f.kas("topics unsubscribe PendingConfirmation");
  assertEquals(pending.status, 4);
  assertStringIncludes(pending.err, "pending");
  assertEquals((await f.kas("topics subscriptions --fleet nobody")).status, 4);
});

Deno.test("--dry-run changes no balancer, alarm or topic", async () => {
  await using f = await fleet();
  f.changes();
  const cases: [string, string][] = [
    ["balancers create web", "create load balancer web in eu-west-1a, eu-west-1b\n"],
    [`balancers deregister kas ${BASE}`, `deregister ${BASE} from kas\n`],
    [`alarms set ${BASE}`, `create alarm kas:cpuhigh:${BASE}\ncreate alarm kas:cpulow:${BASE}\n`],
    ["topics create web", "create topic web\n"],
    ["topics subscribe http://127.0.0.1:9/", "subscribe http://127.0.0.1:9/ to topic kas\n"],
  ];
  for (const [words, out] of cases) {
    assertEquals(await f.kas(`${words} --dry-run`), { status: 0, out, err: "" }, words);
  }
  assertEquals(f.changes(), []);
});

Deno.test("config prints every setting with where it came from", async () => {
  await using f = await fleet();
  const { out } = await f.kas("config --max 4", {
    env: { KAS_FLEET: "web" },
    files: { "/etc/kas/kas.json": '{"min": 2}' },
  });
  const rows = new Map(
    out.trimEnd().split("\n").map((line) => line.split("\t")).map(([name, ...rest]) => [name, rest]),
  );
  assertEquals(rows.get("name"), ["value", "origin"]);
  assertEquals(rows.get("fleet"), ["web", "KAS_FLEET"]);
  assertEquals(rows.get("load-balancer"), ["web", "default"]);
  assertEquals(rows.get("min"), ["2", "/etc/kas/kas.json"]);
  assertEquals(rows.get("max"), ["4", "flag"]);
  assertEquals(rows.get("resync"), ["60s", "default"]);
  assertEquals(rows.get("topic-arn"), ["-", "default"]);
});
