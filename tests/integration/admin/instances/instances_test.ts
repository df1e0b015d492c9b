import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { between, denial } from "../between.ts";
import { BASE, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";

Deno.test("instances lists the instances of the fleet and their health", async () => {
  await using f = await fleet({ nodes: 2 });
  const { status, out } = await f.kas("instances");
  assertEquals(status, 0);
  const [header = "", base = "", ...nodes] = out.trimEnd().split("\n");
  assertEquals(
    header.split("\t"),
    [
      "id",
      "name",
      "role",
      "state",
      "type",
      "zone",
      "private_ip",
      "public_dns",
      "launched",
      "health",
      "protected",
    ],
  );
  assertEquals(base.split("\t").filter((_, i) => [0, 2, 3, 9].includes(i)), [
    BASE,
    "base",
    "running",
    "InService",
  ]);
  assertMatch(base.split("\t")[8] ?? "", /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals(nodes.map((line) => line.split("\t").length), [11, 11]);
  assertEquals(nodes.map((line) => line.split("\t")[9]), ["-", "-"]);
  assertEquals((await f.kas("instances --fleet other")).status, 4);
});

Deno.test("instances --state lists the instances in one state, and --no-header omits the header", async () => {
  await using f = await fleet({ nodes: 2 });
  assertEquals((await f.rows("instances --state stopped")).length, 2);
  assertEquals((await f.rows("instances list --state pending")).length, 0);
  const { out } = await f.kas("instances --state running --no-header");
  assertEquals(out.split("\t")[0], BASE);
  const { status, err } = await f.kas("instances --state runing");
  assertEquals(status, 2);
  assertStringIncludes(err, "did you mean running?");
});

Deno.test("instances lists the instances of a fleet without a load balancer", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1");
  const { status, out, err } = await f.kas("instances --verbose");
  assertEquals(status, 0);
  assertMatch(err, /no load balancer kas: health is unknown/);
  assertEquals(out.trimEnd().split("\n").map((line) => line.split("\t")[9]), ["health", "-"]);
});

Deno.test("instances start and stop print the state of each instance before and after the command", async () => {
  await using f = await fleet();
  assertEquals(
    (await f.kas(`instances start ${NODE}`)).out,
    `id\tbefore\tafter\n${NODE}\tstopped\tpending\n`,
  );
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  assertEquals(
    (await f.kas(`instances stop ${NODE}`)).out,
    `id\tbefore\tafter\n${NODE}\trunning\tstopping\n`,
  );
});

Deno.test("instances stop acts on each target and prints one line per failure; exit status 4 if no target is in the fleet, otherwise 1", async () => {
  await using f = await fleet();
  assertEquals(await f.kas(`instances start ${NOBODY} i-2`), {
    status: 4,
    out: "id\tbefore\tafter\n",
    err: `kas: ${NOBODY} is not in fleet kas\nkas: i-2 is not in fleet kas\n`,
  });
  assertEquals(await f.kas(`instances start ${NOBODY} ${NODE}`), {
    status: 1,
    out: `id\tbefore\tafter\n${NODE}\tstopped\tpending\n`,
    err: `kas: ${NOBODY} is not in fleet kas\n`,
  });
  assertEquals((await f.kas(`instances start ${NODE} --fleet other`)).status, 4);
});

Deno.test("instances stop and terminate need --force for base instances", async () => {
  await using f = await fleet();
  f.changes();
  const { status, err } = await f.kas(`instances stop ${BASE}`);
  assertEquals(status, 1);
  assertMatch(err, new RegExp(`^kas: .*${BASE}.*base.*; try: --force\n$`));
  assertEquals((await f.kas(`instances terminate ${BASE} --yes`)).status, 1);
  assertEquals(f.changes(), []);
  assertEquals(
    (await f.kas(`instances stop ${BASE} --force`)).out,
    `id\tbefore\tafter\n${BASE}\trunning\tstopping\n`,
  );
});

Deno.test("instances terminate asks for confirmation on a terminal, and needs --yes without a terminal", async () => {
  await using f = await fleet();
  f.changes();
  const alone = await f.kas(`instances terminate ${NODE}`);
  assertEquals(alone.status, 2);
  assertStringIncludes(alone.err, "--yes");
  const no = await f.kas(`instances terminate ${NODE}`, { terminal: { answer: "n" } });
  assertEquals([no.status, no.out], [1, ""]);
  assertMatch(no.err, new RegExp(`^Terminate ${NODE} .* \\[y/N\\] `));
  assertEquals(f.changes(), []);
  const yes = await f.kas(`instances terminate ${NODE}`, { terminal: { answer: "y" } });
  assertEquals([yes.status, yes.out], [0, `id\tbefore\tafter\n${NODE}\tstopped\tterminated\n`]);
});

Deno.test("instances terminate deregisters the instance and deletes its alarms", async () => {
  await using f = await fleet();
  await f.rows("setup");
  f.changes();
  await f.rows(`instances terminate ${BASE} --force --yes`);
  const changes = ["CreateTags", "DeregisterInstancesFromLoadBalancer", "TerminateInstances", "DeleteAlarms"];
  assertEquals(f.changes(), changes);
  assertEquals((await f.rows("alarms")).map(({ dimension }) => dimension), [NODE, NODE]);
  assertEquals(await f.rows("instances --state running"), []);
});

Deno.test("if AWS refuses to delete alarms, instances terminate prints the command that deletes the alarms", async () => {
  await using f = await fleet();
  await f.rows("setup");
  await using denied = between(f, (call) => call.includes("DeleteAlarms") ? denial(call) : undefined);
  const env = { AWS_ENDPOINT_URL: denied.url };
  const { status, err } = await f.kas(`instances terminate ${NODE} --yes`, { env });
  assertEquals(status, 1);
  assertMatch(err, new RegExp(`^kas: ${NODE} is terminated, .*AccessDenied`));
  const remedy = `alarms delete --instance ${NODE}`;
  assertStringIncludes(err, `; try: kas admin ${remedy}\n`);
  assertEquals((await f.rows(remedy)).length, 2);
});

Deno.test("instances commands with --dry-run print the actions and change nothing", async () => {
  await using f = await fleet();
  f.changes();
  const cases: [string, string][] = [
    [`instances start ${NODE}`, `start ${NODE} (stopped)\n`],
    [`instances stop ${BASE} --force`, `stop ${BASE} (running)\n`],
    [`instances terminate ${NODE}`, `deregister and terminate ${NODE} (stopped), and delete its alarms\n`],
    ["instances create --count 2 --image ami-1", "launch 2 × node from ami-1 into fleet kas\n"],
  ];
  for (const [args, out] of cases) {
    assertEquals(await f.kas(`${args} --dry-run`), { status: 0, out, err: "" });
  }
  assertEquals(JSON.parse((await f.kas(`instances start ${NODE} --dry-run --output json`)).out), [
    { action: `start ${NODE} (stopped)` },
  ]);
  assertEquals((await f.kas(`instances start ${NOBODY} --dry-run`)).status, 4);
  assertEquals(f.changes(), []);
});

Deno.test("instances create launches instances with the tags of the fleet and the role", async () => {
  await using f = await fleet();
  const launched = await f.rows("instances create --count 2 --image ami-1 --type t3.small --role base");
  assertEquals(launched.map(({ name }) => name), ["kas_base", "kas_base"]);
  const found = (await f.rows("instances")).filter(({ id }) => launched.some((made) => made["id"] === id));
  assertEquals(found.map(({ role, type }) => [role, type]), [["base", "t3.small"], ["base", "t3.small"]]);
});

Deno.test("instances create needs an image or a launch template", async () => {
  await using f = await fleet();
  const without = await f.kas("instances create");
  assertEquals([without.status, without.out], [2, ""]);
  assertMatch(without.err, /^kas: .*--image AMI .*--launch-template NAME\n$/);
  const { status, err } = await f.kas("instances create --image ami-1 --user-data /nowhere/x");
  assertEquals(status, 2);
  assertStringIncludes(err, "/nowhere/x");
});

Deno.test("instances tags lists each tag, and instances release changes nothing if there is no quarantine", async () => {
  await using f = await fleet();
  const tags = await f.rows(`instances tags ${BASE}`);
  assertEquals(tags.find(({ key }) => key === "kas:role"), { id: BASE, key: "kas:role", value: "base" });
  assertEquals(new Set((await f.rows("instances tags")).map(({ id }) => id)), new Set([BASE, NODE]));
  assertEquals((await f.kas(`instances tags ${NOBODY}`)).status, 4);
  assertEquals(await f.rows(`instances release ${NODE}`), [{ id: NODE, action: "unchanged" }]);
});

Deno.test("instances protect and unprotect write and delete the tag, and a protected instance needs --force to stop", async () => {
  await using f = await fleet();
  const protectedOnes = async () =>
    (await f.rows("instances")).filter((row) => row["protected"]).map(({ id }) => id);
  assertEquals(await f.rows(`instances protect ${NODE}`), [{ id: NODE, action: "protected" }]);
  assertEquals(await f.rows(`instances protect ${NODE}`), [{ id: NODE, action: "unchanged" }]);
  assertEquals(await protectedOnes(), [NODE]);
  f.changes();
  for (const command of [`instances stop ${NODE}`, `instances terminate ${NODE} --yes`]) {
    const { status, err } = await f.kas(command);
    assertEquals(status, 1);
    assertStringIncludes(err, "--force");
  }
  assertEquals(f.changes(), []);
  assertEquals(await f.rows(`instances unprotect ${NODE}`), [{ id: NODE, action: "unprotected" }]);
  assertEquals(await protectedOnes(), []);
  assertEquals((await f.kas(`instances protect ${NOBODY}`)).status, 4);
});

Deno.test("an instance that an operator stops or deregisters has a tag with the time, until the operator starts or registers it again", async () => {
  await using f = await fleet();
  const steps: [string, string, boolean][] = [
    [`balancers deregister kas ${BASE}`, BASE, true],
    [`balancers register kas ${BASE}`, BASE, false],
    [`instances stop ${BASE} --force`, BASE, true],
    [`instances start ${BASE}`, BASE, false],
    [`balancers deregister kas ${BASE}`, BASE, true],
    ["setup", BASE, false],
  ];
  for (const [words, id, expected] of steps) {
    await f.sandbox.account.waitUntil(() =>
      f.sandbox.account.instances().every(({ state }) => !["pending", "stopping"].includes(state))
    );
    await f.rows(words);
    const tag = (await f.rows(`instances tags ${id}`)).find(({ key }) => key === "kas:by-operator");
    const isRecent = Math.abs(Date.now() - Date.parse(String(tag?.["value"]))) < 60_000;
    assertEquals([words, isRecent, tag !== undefined], [words, expected, expected]);
  }
});

Deno.test("if AWS refuses to stop an instance, or to tag it, instances stop leaves it in service and without the operator's tag", async () => {
  await using f = await fleet();
  f.sandbox.faults.set(`protected=${BASE}`);
  assertEquals((await f.kas(`instances stop ${BASE} --force`)).status, 1);
  f.sandbox.faults.clear();
  await using denied = between(f, (call) => call.includes("CreateTags") ? denial(call) : undefined);
  f.changes();
  const refused = await f.kas(`instances stop ${BASE} --force`, { env: { AWS_ENDPOINT_URL: denied.url } });
  assertEquals([refused.status, f.changes()], [1, []]);
  assertEquals(f.sandbox.account.instances()[0]?.state, "running");
  assertEquals((await f.rows(`instances tags ${BASE}`)).filter(({ key }) => key === "kas:by-operator"), []);
});
