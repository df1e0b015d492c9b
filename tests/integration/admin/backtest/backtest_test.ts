import { assert, assertEquals, assertMatch } from "@std/assert";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { Minutes } from "../../../../src/autoscaler/telemetry/minutes.ts";
import { fleet } from "../../../unit/admin/fleet.ts";

/** An hour of a load that rises from half an instance to three, and falls again. */
const LOAD = "seconds,value\n0,0.5\n600,3\n1800,0.5\n3600,0.5\n";

/** Runs `kas admin backtest` on a load. `FOLDER` in the words is a folder that is deleted in the end. */
async function backtest(words: string, load = LOAD) {
  await using f = await fleet();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/load.csv`, load);
    const ended = await f.kas(`backtest --load FOLDER/load.csv ${words}`.replaceAll("FOLDER", folder));
    const files = new Map<string, string>();
    for await (const { name } of Deno.readDir(folder)) {
      files.set(name, await Deno.readTextFile(`${folder}/${name}`));
    }
    return { ...ended, files, folder };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("kas admin backtest compares policies, and ends with the configuration of the cheapest one", async () => {
  const { status, out, err } = await backtest(
    "--policy target:60 --policy adaptive:2% --policy ec2-target:60 --policy oracle --output json",
  );
  assertEquals(status, 0, err);
  const rows: Record<string, number | string>[] = JSON.parse(out);
  assertEquals(rows.map(({ policy }) => policy), ["target:60", "adaptive:2%", "ec2-target:60", "oracle"]);
  const [target, , ec2, oracle] = rows;
  assertEquals(oracle?.under_s, 0);
  assert(Number(target?.under_s) < Number(ec2?.under_s), out);
  const [sentence = "", configuration = ""] = err.trimEnd().split("\n").slice(-2);
  assertMatch(sentence, /^(No policy of kas|target:60|adaptive:2%) was/);
  assertEquals(Object.keys(JSON.parse(configuration)), ["policies"]);
});

Deno.test("kas admin backtest gives the same result for the same input", async () => {
  const words = "--policy alarms --policy ec2-step --observe 60s --metric-delay 60s";
  assertEquals((await backtest(words)).out, (await backtest(words)).out);
});

Deno.test("the measures of kas admin backtest are those of the series that it writes", async () => {
  const words =
    "--policy ec2-target:60 --fleet-size 5 --series FOLDER/s.csv --chart FOLDER/c.svg --output json";
  const { out, files } = await backtest(words);
  const [row] = JSON.parse(out);
  const [header = "", ...lines] = (files.get("s.csv") ?? "").trimEnd().split("\n");
  assertEquals(header, "seconds,demand,needed,ec2-target:60");
  const rows = lines.map((line) => line.split(",").map(Number));
  let [under, over] = [0, 0];
  rows.forEach(([at = 0, demand = 0, needed = 0, inService = 0], i) => {
    const span = (rows[i + 1]?.[0] ?? 5_400) - at;
    assertEquals(needed, Math.min(5, Math.max(1, Math.ceil(demand / 0.8 - 1e-9))));
    if (inService < needed) under += span;
    else over += (inService - needed) * span;
  });
  assertEquals([row.under_s, row.over_instance_s], [under, over]);
  assert(files.get("c.svg")?.includes("ec2-target:60"));
});

Deno.test("kas admin backtest keeps all policies within --min and --max", async () => {
  const policies = ["alarms", "target:40", "adaptive:1%", "ec2-step", "ec2-target:40", "oracle"];
  const specs = policies.map((spec) => `--policy ${spec}`).join(" ");
  const { files } = await backtest(`${specs} --min 2 --max 3 --fleet-size 6 --series FOLDER/s.csv`);
  const rows = (files.get("s.csv") ?? "").trimEnd().split("\n").slice(1).map((line) =>
    line.split(",").map(Number)
  );
  for (const [i, name] of policies.entries()) {
    const counts = rows.map((row) => row[3 + i] ?? 0);
    assert(Math.min(...counts) >= 2 && Math.max(...counts) <= 3, name);
  }
});

Deno.test("kas admin backtest reports a bad load in one line, with the file and the row", async () => {
  const cases = [
    ["0,1\n60,x\n", /row 2, "60,x": the second field is not a number/],
    ["", /at least 2 rows/],
    ["0,1\n60,5000\n", /needs 6250 instances/],
  ] as const;
  for (const [load, message] of cases) {
    const { status, err, folder } = await backtest("--policy oracle", load);
    assertEquals([status, err.trimEnd().split("\n").length], [2, 1], err);
    assertMatch(err, message);
    if (load !== cases[2][0]) assert(err.includes(`${folder}/load.csv`), err);
  }
});

Deno.test("kas admin backtest needs exactly one load, and a fleet that --min fits", async () => {
  await using f = await fleet();
  const { status, err } = await f.kas("backtest");
  assertEquals(status, 2);
  assertMatch(err, /needs a load: /);
  assertEquals((await f.kas("backtest --load /no --history 14d")).status, 2);
  const missing = await f.kas("backtest --load /no/such/file.csv");
  assertEquals(missing.status, 2);
  assertMatch(missing.err, /^kas: Cannot read the load in \/no\/such\/file\.csv: /);
  assertMatch((await backtest("--min 9 --fleet-size 4")).err, /--min 9 is more than the 4 instances/);
});

Deno.test("kas admin backtest says that a fleet without datapoints has no history", async () => {
  await using f = await fleet();
  const { status, err } = await f.kas("backtest --history 1d --policy oracle");
  assertEquals(status, 4);
  assertMatch(err, /CloudWatch has no CPU|has no instance/);
});

Deno.test("kas admin backtest plays the load in the journal, and says that an empty journal has none", async () => {
  await using f = await fleet();
  const folder = await Deno.makeTempDir();
  try {
    const words = `backtest --journal --state ${folder}/state --policy oracle --output json`;
    using store = Store.open(`${folder}/state`);
    const empty = await f.kas(words);
    assertEquals(empty.status, 4, empty.err);
    assertMatch(empty.err, /has no load/);
    const minutes = new Minutes(store);
    for (let i = 0; i < 60; i++) {
      minutes.add({
        at: Date.UTC(2026, 0, 1) + 60_000 * i,
        demand: i < 30 ? 0.5 : 2,
        serving: 3,
        source: "scrape",
      });
    }
    const { status, out, err } = await f.kas(words);
    assertEquals(status, 0, err);
    const [row] = JSON.parse(out);
    assertEquals([row.under_s, row.starts > 0, row.cost > 1], [0, true, true]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
