import { assertEquals, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { BASE, eventualLine, firstResync, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";

const COLUMNS = "time\tkind\tinstance\tstatus\treason\tseconds";

Deno.test("activities lists the same from a running autoscaler and from its state folder", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");

  const words = [...FROM_SOURCE, "admin", "activities", "--output", "tsv"];
  // The two oldest: the first reconcile and the message. CloudWatch may send more messages meanwhile.
  const oldest = async (...where: string[]) => {
    const { code, stdout, stderr } = await execute([...words, ...where]);
    assertEquals(code, 0, stderr);
    const [header, ...lines] = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    assertEquals(header?.join("\t"), COLUMNS);
    return lines.slice(-2);
  };
  const asked = await oldest("--url", autoscaler.url);
  const start = asked.find(([, kind]) => kind === "start");
  const none = asked.find(([, kind]) => kind === "none");
  assertEquals(start?.slice(1, 4), ["start", NODES[0], "successful"]);
  assertMatch(start?.[5] ?? "", /^\d+(\.\d+)?$/);
  assertEquals([none?.slice(1, 4), none?.[5]], [["none", "-", "-"], "-"]);

  assertEquals(await oldest("--state", it.options.state), asked);
  await autoscaler[Symbol.asyncDispose]();
  assertEquals(await oldest("--state", it.options.state), asked);
  const limited = await execute([...words, "--state", it.options.state, "--limit", "1"]);
  assertEquals(limited.stdout.trimEnd().split("\n").length, 2);
});

Deno.test("activities --phases prints p50, p90 and p99 of each phase, and --output json each decision's id", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  const words = [...FROM_SOURCE, "admin", "activities", "--state", it.options.state];
  const [table, json, both] = await Promise.all([
    execute([...words, "--phases"]),
    execute([...words, "--output", "json"]),
    execute([...words, "--phases", "--records"]),
  ]);
  const [header, ...rows] = table.stdout.trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(header, ["kind", "phase", "count", "p50", "p90", "p99"]);
  const row = (kind: string, phase: string) => rows.find((row) => row[0] === kind && row[1] === phase);
  assertEquals(row("start", "in-service")?.[2], "1");
  assertMatch(row("start", "total")?.[3] ?? "", /^\d+(\.\d+)?$/);
  assertEquals(row("stop", "drained")?.slice(2), ["0", "-", "-", "-"]);
  const told = JSON.parse(json.stdout).map(({ id }: { id: number }) => id);
  assertEquals(told.slice(-2), [2, 1]);
  assertEquals([both.code, both.stdout], [2, ""]);
});

Deno.test("activities fails with one line if there is no journal or no autoscaler", async () => {
  const words = [...FROM_SOURCE, "admin", "activities"];
  const read = await execute([...words, "--state", "/nowhere"]);
  assertEquals([read.code, read.stdout], [1, ""]);
  assertMatch(read.stderr, /^kas: .*\/nowhere\/kas\.db.*\n/);
  const asked = await execute([...words, "--url", "http://127.0.0.1:1"]);
  assertEquals([asked.code, asked.stdout], [1, ""]);
  assertMatch(asked.stderr, /^kas: .*http:\/\/127\.0\.0\.1:1\/activities\?limit=100/);
});
