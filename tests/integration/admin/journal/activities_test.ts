import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { BASE, eventualLine, firstResync, NODES, stage } from "../../../unit/autoscaler/fixtures.ts";

const COLUMNS = "id\ttime\tkind\tinstance\tstatus\treason\tseconds";

Deno.test("activities lists the same activities from a running autoscaler and from its state folder", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");

  const args = [...FROM_SOURCE, "admin", "activities", "--output", "tsv"];
  // The oldest two lines are of the first reconcile and of the message. CloudWatch may have sent more messages in the meantime.
  const oldest = async (...where: string[]) => {
    const { code, stdout, stderr } = await execute([...args, ...where]);
    assertEquals(code, 0, stderr);
    const [header, ...lines] = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    assertEquals(header?.join("\t"), COLUMNS);
    return lines.slice(-2);
  };
  const remote = await oldest("--url", autoscaler.url);
  assertEquals(remote.map(([id]) => id), ["2", "1"]);
  const start = remote.find(([, , kind]) => kind === "start");
  const none = remote.find(([, , kind]) => kind === "none");
  assertEquals(start?.slice(2, 5), ["start", NODES[0], "successful"]);
  assertMatch(start?.[6] ?? "", /^\d+(\.\d+)?$/);
  assertEquals([none?.slice(2, 5), none?.[6]], [["none", "-", "-"], "-"]);

  assertEquals(await oldest("--state", it.options.state), remote);
  await autoscaler[Symbol.asyncDispose]();
  assertEquals(await oldest("--state", it.options.state), remote);
  const only = async (...more: string[]) =>
    (await execute([...args, "--state", it.options.state, ...more])).stdout.trimEnd().split("\n").slice(1);
  assertEquals((await only("--limit", "1")).length, 1);
  assertEquals((await only("--actions")).map((line) => line.split("\t").slice(0, 3)), [
    [start?.[0], start?.[1], "start"],
  ]);
});

Deno.test("activities --phases prints p50, p90 and p99 of each phase", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await firstResync(autoscaler);
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  const args = [...FROM_SOURCE, "admin", "activities", "--state", it.options.state];
  const [table, both] = await Promise.all([
    execute([...args, "--phases"]),
    execute([...args, "--phases", "--records"]),
  ]);
  const [header, ...rows] = table.stdout.trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(header, ["kind", "phase", "count", "p50", "p90", "p99"]);
  const row = (kind: string, phase: string) => rows.find((row) => row[0] === kind && row[1] === phase);
  assertEquals(row("start", "in-service")?.[2], "1");
  assertMatch(row("start", "total")?.[3] ?? "", /^\d+(\.\d+)?$/);
  assertEquals(row("stop", "drained")?.slice(2), ["0", "-", "-", "-"]);
  assertEquals([both.code, both.stdout], [2, ""]);
});

Deno.test("activities fails with a one-line error if there is no journal or no autoscaler", async () => {
  const args = [...FROM_SOURCE, "admin", "activities"];
  const local = await execute([...args, "--state", "/nowhere"]);
  assertEquals([local.code, local.stdout], [1, ""]);
  assertMatch(local.stderr, /^kas: .*\/nowhere\/kas\.db.*\n/);
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closed.close();
  const url = `http://127.0.0.1:${closed.addr.port}`;
  const remote = await execute([...args, "--url", url]);
  assertEquals([remote.code, remote.stdout], [1, ""]);
  assertStringIncludes(remote.stderr, `kas: Cannot reach an autoscaler at ${url}: connection refused\n`);
  const blocked = await execute([...args, "--url", "http://127.0.0.1:1"]);
  assertEquals(blocked.code, 1);
  assertStringIncludes(blocked.stderr, "http://127.0.0.1:1: no HTTP client connects to port 1\n");
});
