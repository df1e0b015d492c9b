import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { pack } from "../../../../src/autoscaler/store/sqlite/database.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import { BASE, eventualLine, lines, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";
import { eventually, execute, FROM_SOURCE } from "../../../support/kas.ts";
import { limits } from "../../../unit/scaling/cases.ts";
import { IN_ANY, NOW, OBSERVATION, OUT } from "../../../unit/scaling/fixtures.ts";

const REPLAY = [...FROM_SOURCE, "admin", "replay"];

/** Calls a function with a temporary folder, and then removes the folder. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes a journal with a scale-out at NOW and a scale-in 100 s later. Neither max-capacity nor a cooldown holds them back. */
function write(folder: string): void {
  using state = Store.open(folder);
  const journal = new Journal(state);
  const started = { ...OBSERVATION, ...limits({ max: 4 }) };
  journal.record({ trigger: OUT, observation: started, decision: decide(OUT, started), dryRun: true });
  const later = { ...started, now: NOW + 100_000, history: { inServiceSince: {}, lastOut: NOW } };
  journal.record({
    trigger: IN_ANY,
    observation: later,
    decision: decide(IN_ANY, later),
    dryRun: true,
  });
}

Deno.test("replay reproduces every decision of a running autoscaler exactly, from folder, database, URL and file (R16)", async () => {
  await using it = await stage({ nodes: 2 });
  const autoscaler = await it.start({
    limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 100 },
  });
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", NODES[0], "OK");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status === "successful");
  await it.publish("nonsense");
  await eventually(() => lines(autoscaler), (all) => all.some(({ reason }) => reason.includes("JSON")));

  await withFolder(async (folder) => {
    const { state } = it.options;
    const exported = await execute([
      ...FROM_SOURCE,
      "admin",
      "activities",
      "--records",
      "--url",
      autoscaler.url,
    ]);
    assertEquals([exported.code, exported.stderr], [0, ""]);
    await Deno.writeTextFile(`${folder}/journal.jsonl`, exported.stdout);
    const replayed = await Promise.all(
      [state, `${state}/kas.db`, autoscaler.url, `${folder}/journal.jsonl`].map((journal) =>
        execute([...REPLAY, journal])
      ),
    );
    const counts = replayed.map(({ code, stdout, stderr }) => {
      assertEquals([code, stderr], [0, ""]);
      const [header, counted] = stdout.split("\n").map((line) => line.split("\t"));
      assertEquals(header, ["decisions", "differences", "first", "last"]);
      assertEquals(counted?.[1], "0");
      return Number(counted?.[0]);
    });
    assertEquals(counts.at(-1), exported.stdout.trimEnd().split("\n").length);
    assertEquals(Math.min(...counts) >= 5, true, counts.join());
  });
});

Deno.test("replay prints the first decision whose recorded and replayed results differ, and exits with status 1", () =>
  withFolder(async (folder) => {
    write(folder);
    {
      using db = new DatabaseSync(`${folder}/kas.db`);
      db.exec("UPDATE decisions SET decision = replace(decision, '\"n4\"', '\"n3\"') WHERE id = 1");
    }
    const { code, stdout, stderr } = await execute([...REPLAY, folder, "--output", "json"]);
    assertEquals(code, 1);
    assertMatch(stderr, /^kas: Decision 1 .*\n$/);
    const [difference] = JSON.parse(stdout);
    assertEquals([difference.id, difference.time], [1, new Date(NOW).toISOString()]);
    const instances = [difference.recorded, difference.replayed].map((it) =>
      JSON.parse(it).actions[0].instance
    );
    assertEquals(instances, ["n3", "n4"]);
  }));

Deno.test("replay, explain and activities leave a damaged record out, and name it on stderr", () =>
  withFolder(async (folder) => {
    write(folder);
    {
      using db = new DatabaseSync(`${folder}/kas.db`);
      db.exec(
        "INSERT INTO decisions SELECT 3, time, trigger_kind, NULL, NULL, 'x', NULL, reason, NULL, kas, rules, '{', '{', x'00' FROM decisions LIMIT 1",
      );
      const deep = JSON.stringify({
        limits: {},
        history: {},
        instances: [null],
        alarms: [null],
        inProgress: [],
      });
      db.prepare(
        "INSERT INTO decisions SELECT 4, time, trigger_kind, NULL, NULL, kind, NULL, reason, NULL, kas, rules, trigger_json, decision, ? FROM decisions WHERE id = 1",
      )
        .run(pack(deep));
    }
    const replayed = await execute([...REPLAY, folder]);
    assertEquals([replayed.code, replayed.stdout.split("\n")[1]?.split("\t")[0]], [0, "2"], replayed.stderr);
    assertEquals([...replayed.stderr.matchAll(/decision (\d)/g)].map(([, id]) => id), ["3", "4"]);
    for (
      const [args, status] of [[["4"], 1], [["3"], 1], [["--at", new Date(NOW).toISOString()], 1], [
        ["2"],
        0,
      ]] as const
    ) {
      const { code, stderr } = await execute([
        ...FROM_SOURCE,
        "admin",
        "explain",
        ...args,
        "--state",
        folder,
      ]);
      assertEquals(code, status, stderr);
      assertEquals(stderr.includes("   at "), false, stderr);
    }
    const listed = await execute([...FROM_SOURCE, "admin", "activities", "--state", folder]);
    assertEquals([listed.code, listed.stdout.trimEnd().split("\n").length], [0, 4], listed.stderr);
    assertStringIncludes(listed.stderr, "decision 3");
  }));

Deno.test("replay --set prints the decisions that would change with other limits, and with --all all decisions", () =>
  withFolder(async (folder) => {
    write(folder);
    const rows = async (...more: string[]) => {
      const { code, stdout, stderr } = await execute([...REPLAY, folder, ...more]);
      assertEquals(code, 0, stderr);
      const [header, ...rows] = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
      assertEquals(header, ["time", "recommendation", "recorded", "replayed", "reason", "id"]);
      return [rows.map(([, , recorded, replayed, , id]) => [id, recorded, replayed]), stderr];
    };
    const [changed, note] = await rows("--set", "cooldown-in=300s");
    assertEquals(changed, [["2", "stop n1", "no action (cooldown)"]]);
    assertMatch(String(note), /^1 of 2 /);
    assertEquals((await rows("--set", "cooldown-in=300s", "--set", "max=3"))[0], [
      ["1", "start n4", "no action (max-capacity)"],
      ["2", "stop n1", "no action (cooldown)"],
    ]);
    assertEquals((await rows("--set", "warmup=1s", "--all"))[0], [
      ["1", "start n4", "start n4"],
      ["2", "stop n1", "stop n1"],
    ]);
  }));

Deno.test("replay --set rejects an unknown name or value with a one-line error and exit status 2", async () => {
  for (
    const [set, error] of [
      ["cooldwn-in=3s", "cooldown-in?"],
      ["max=many", "expected a whole number"],
      ["warmup=soon", "expected a time such as"],
      ["max", "expected"],
    ]
  ) {
    const { code, stdout, stderr } = await execute([...REPLAY, "/nowhere", "--set", set ?? ""]);
    assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2]);
    assertStringIncludes(stderr, error ?? "");
  }
});

Deno.test("replay fails with a one-line error and exit status 1 if the file is damaged or the journal is missing", () =>
  withFolder(async (folder) => {
    write(folder);
    await Deno.copyFile(`${folder}/kas.db`, `${folder}/cut.db`);
    await Deno.truncate(`${folder}/cut.db`, 20_000);
    await Deno.writeTextFile(`${folder}/prose.txt`, "It was a dark night\n");
    await Deno.writeTextFile(
      `${folder}/facts.jsonl`,
      '{"id":1,"time":1,"signal":{},"facts":{},"decision":{}}\n',
    );
    {
      using db = new DatabaseSync(`${folder}/other.db`);
      db.exec("CREATE TABLE birds (name TEXT)");
    }
    await Deno.mkdir(`${folder}/empty`);
    for (
      const [file, error] of [
        ["cut.db", /^kas: .*cut\.db/],
        ["prose.txt", /line 1\b/],
        ["facts.jsonl", /line 1\b/],
        ["other.db", /not a journal/],
        ["none", /No such file/],
        ["empty", /Cannot read journal/],
      ] as const
    ) {
      const { code, stdout, stderr } = await execute([...REPLAY, `${folder}/${file}`]);
      assertEquals([code, stdout], [1, ""], `${file}: ${stderr}`);
      assertMatch(stderr, error);
      assertEquals(stderr.split("\n").filter((line) => !line.startsWith("Try: ")).length, 2, stderr);
    }
  }));
