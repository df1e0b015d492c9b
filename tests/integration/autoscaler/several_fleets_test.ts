import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CreateTagsCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { admin } from "../../../src/admin/command.ts";
import { startService } from "../../../src/autoscaler/service.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import { eventually } from "../../support/kas.ts";
import { runWords } from "../../unit/cli/captured.ts";
import { BASE, NODES, type Stage, stage } from "../../unit/autoscaler/fixtures.ts";
import { type AutoscalerProcess, startProcess } from "../../unit/autoscaler/process.ts";
import { parseExposition } from "../../unit/autoscaler/http/exposition.ts";

const ROOT = { name: "kas", summary: "kas", commands: [admin] };

/** Starts the autoscaler as a process with the fleets kas and jobs. Two instances of the sandbox belong to jobs. */
async function startTwo(it: Stage, jobs: object = {}): Promise<AutoscalerProcess> {
  const ec2 = await it.aws.ec2();
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-1", MinCount: 2, MaxCount: 2, InstanceType: "t3.micro" }),
  );
  const ids = Instances.flatMap(({ InstanceId = [] }) => InstanceId);
  await ec2.send(new CreateTagsCommand({ Resources: ids, Tags: [{ Key: "kas:fleet", Value: "jobs" }] }));
  const config = `${it.options.state}/kas.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      fleets: [{ fleet: "kas", max: 2 }, { fleet: "jobs", max: 5, balancer: "none", ...jobs }],
    }),
  );
  return await startProcess(it, {
    args: ["--config", config],
    env: { KAS_FLEET: "", KAS_LOAD_BALANCER: "" },
  });
}

/** Damages of a journal, each a function of the journal's folder. */
const DAMAGES = [
  [
    "is no database",
    (folder: string) => Deno.writeTextFileSync(`${folder}/kas.db`, "this is not a database"),
  ],
  ["lacks a table", (folder: string) => {
    using store = Store.open(folder);
    store.db.exec("DROP TABLE fleet");
  }],
] as const;

async function json(url: string) {
  return await (await fetch(url)).json();
}

function run(it: Stage, words: string) {
  return runWords(ROOT, ["admin", ...words.split(" "), "--state", `${it.options.state}/process`]);
}

Deno.test("kas autoscaler scales the fleets of its config file: each has its own settings, status, metrics and journal", async () => {
  await using it = await stage({ nodes: 1 });
  await using autoscaler = await startTwo(it);
  const { url } = autoscaler;
  const ping = await fetch(`${url}/ping`);
  const headers = ["kas-fleet", "kas-down"].map((name) => ping.headers.get(name));
  assertEquals([await ping.text(), ...headers], ["pong", "kas,jobs", null]);
  const observed = (fleet: string) =>
    eventually(() => json(`${url}/status?fleet=${fleet}`), ({ observed }) => observed !== null);
  const [kas, jobs] = [await observed("kas"), await observed("jobs")];
  assertEquals([kas["fleet"], kas["settings"]["max"], kas["totals"]["instances"]], ["kas", 2, 2]);
  assertEquals([jobs["fleet"], jobs["settings"]["max"], jobs["totals"]["instances"]], ["jobs", 5, 2]);
  const all = await json(`${url}/status`);
  assertEquals(all["fleets"].map(({ fleet }: { fleet: string }) => fleet), ["kas", "jobs"]);
  const families = parseExposition(await (await fetch(`${url}/metrics`)).text());
  const up = families.get("kas_fleet_up")?.samples.map(({ labels, value }) => [labels["fleet"], value]);
  assertEquals(up, [["kas", 1], ["jobs", 1]]);
  assertEquals(new Set(families.get("kas_capacity")?.samples.map(({ labels }) => labels["fleet"])).size, 2);
});

Deno.test("commands of an operator choose one of several fleets, and without --fleet kas lists their names", async () => {
  await using it = await stage({ nodes: 1 });
  await using autoscaler = await startTwo(it);
  const all = [await run(it, "pause out"), await run(it, "scale out")];
  assertEquals(all.map(({ status }) => status), [2, 2]);
  for (const { err } of all) assertStringIncludes(err, "kas, jobs");
  assertEquals((await run(it, "pause out --fleet nobody")).status, 4);
  assertEquals((await run(it, "pause out --fleet jobs")).status, 0);
  const paused = async (fleet: string) =>
    Object.keys((await json(`${autoscaler.url}/status?fleet=${fleet}`))["paused"]);
  assertEquals([await paused("kas"), await paused("jobs")], [[], ["out"]]);
  await eventually(
    () => run(it, "activities --fleet jobs"),
    ({ status, out }) => status === 0 && out.includes("none"),
  );
  for (const from of ["", ` --url ${autoscaler.url}`]) {
    const { status, err } = await run(it, `activities${from}`);
    assertEquals(status, 2);
    assertMatch(err, /\bjobs\b.*\bkas\b|\bkas\b.*\bjobs\b/);
    assertEquals((await run(it, `explain --last --fleet kas${from}`)).status, 0);
  }
});

for (const [what, damage] of DAMAGES) {
  Deno.test(`a fleet whose journal ${what} does not stop the other fleets, and kas reports it`, async () => {
    await using it = await stage({ nodes: 1 });
    const folder = `${it.options.state}/process/fleets/jobs`;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    damage(folder);
    await using autoscaler = await startTwo(it);
    const { url } = autoscaler;
    await eventually(() => json(`${url}/status?fleet=kas`), ({ observed }) => observed !== null);
    const { fleets } = await json(`${url}/status`) as unknown as {
      fleets: { fleet: string; running: boolean }[];
    };
    assertEquals(fleets.map(({ fleet, running }: { fleet: string; running: boolean }) => [fleet, running]), [[
      "kas",
      true,
    ], ["jobs", false]]);
    const ping = await fetch(`${url}/ping`);
    assertEquals([await ping.text(), ping.headers.get("kas-down")], ["pong", "jobs"]);
    const down = await fetch(`${url}/status?fleet=jobs`);
    assertEquals([down.status, /could not start/.test(await down.text())], [503, true]);
    assertMatch(await (await fetch(`${url}/metrics`)).text(), /^kas_fleet_up\{fleet="jobs"\} 0$/m);
    assertEquals(autoscaler.lines.filter((line) => /error.*fleet=jobs/.test(line)).length, 1);
  });
}

Deno.test("a fleet whose journal breaks while kas runs does not hide the status and the metrics of the others", async () => {
  await using it = await stage({ nodes: 1 });
  const fleets = ["kas", "jobs"].map((fleet) => ({ ...it.options, fleet: { ...it.options.fleet, fleet } }));
  await using service = startService({ ...it.options, fleets });
  service.fleets[1]?.autoscaler.store.db.exec("DROP TABLE messages");
  assertMatch(await (await fetch(`${service.url}/metrics`)).text(), /^kas_fleet_up\{fleet="jobs"\} 0$/m);
  const { fleets: listed } = await json(`${service.url}/status`);
  assertEquals(listed.map(({ running }: { running: boolean }) => running), [true, false]);
});

Deno.test("a fleet whose calls to AWS get no answer does not keep another fleet from scaling", async () => {
  await using it = await stage({ nodes: 1 });
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${silent.addr.port}`;
  await using autoscaler = await startTwo(it, { "endpoint-url": endpoint });
  const { url } = autoscaler;
  await eventually(() => json(`${url}/status?fleet=kas`), ({ observed }) => observed !== null);
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventually(
    () => Promise.resolve(it.standing(NODES[0])),
    (standing) => standing === "running in-service",
  );
  assertEquals((await json(`${url}/status?fleet=jobs`))["observed"], null);
  assertEquals(
    (await json(`${url}/activities?fleet=jobs`)).filter(({ kind }: { kind: string }) => kind !== "none"),
    [],
  );
});

Deno.test("a reload changes the settings of each fleet, and logs that another fleet needs a restart", async () => {
  await using it = await stage({ nodes: 1 });
  await using autoscaler = await startTwo(it);
  const max = async (fleet: string) =>
    (await json(`${autoscaler.url}/status?fleet=${fleet}`))["settings"]["max"];
  assertEquals([await max("kas"), await max("jobs")], [2, 5]);
  const fleets = [{ fleet: "kas", max: 3 }, { fleet: "jobs", max: 6, balancer: "none" }, { fleet: "more" }];
  await Deno.writeTextFile(`${it.options.state}/kas.json`, JSON.stringify({ fleets }));
  autoscaler.kill("SIGHUP");
  await autoscaler.line(/settings reloaded.*needsRestart=\["fleets"\]/);
  assertEquals([await max("kas"), await max("jobs")], [3, 6]);
});
