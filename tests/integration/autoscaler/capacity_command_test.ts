/**
 * `kas admin scale to`, `out N` and `auto` through the socket of a running autoscaler.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { eventually, execute, FROM_SOURCE, start } from "../../support/kas.ts";
import { BASE, lines, machines, NODES, type Stage, stage } from "../../unit/autoscaler/fixtures.ts";
import { startProcess } from "../../unit/autoscaler/process.ts";

/** Runs `kas admin scale` with the state folder. Returns the rows, the stderr and the exit status. */
async function scale(state: string, ...words: readonly string[]) {
  const { code, stdout, stderr } = await execute(
    [...FROM_SOURCE, "admin", "scale", ...words, "--state", state, "--output", "json"],
  );
  return { code, rows: stdout === "" ? [] : JSON.parse(stdout), stderr };
}

function inService({ standing }: Stage): string[] {
  return [BASE, ...NODES].filter((id) => standing(id) === "running in-service");
}

async function overrideOf(url: string): Promise<{ capacity: number; until: string } | null> {
  return (await (await fetch(`${url}/status`)).json()).override;
}

Deno.test("kas admin scale to --for keeps a capacity in the running autoscaler, also after a restart, until scale auto", async () => {
  await using it = await stage({ nodes: 3 });
  const state = `${it.options.state}/process`;
  const serving = () => inService(it);
  {
    await using autoscaler = await startProcess(it);
    const { code, rows, stderr } = await scale(state, "to", "3", "--for", "2h");
    assertEquals([code, rows.length, serving().length], [0, 2, 3], stderr);
    assertMatch(stderr, /\d{4}-\d\d-\d\dT/);
    assertEquals((await overrideOf(autoscaler.url))?.capacity, 3);
    autoscaler.kill("SIGKILL");
    await autoscaler.status;
  }
  // Only the capacity asks for another instance: an operator stopped this one, so the fleet has not lost it.
  const stop = await execute(
    [...FROM_SOURCE, "admin", "instances", "stop", NODES[0], "--yes"],
    it.sandbox.env,
  );
  assertEquals(stop.code, 0, stop.stderr);
  await using again = await startProcess(it, { resync: "1s" });
  assertEquals((await overrideOf(again.url))?.capacity, 3);
  await eventually(() => Promise.resolve(serving()), (ids) => ids.length === 3);
  const ended = await scale(state, "auto");
  assertEquals([ended.code, ended.rows[0].capacity], [0, 3], ended.stderr);
  assertEquals(await overrideOf(again.url), null);
  const none = await scale(state, "auto");
  assertEquals([none.code, none.rows], [0, []]);
});

Deno.test("kas admin scale to without --for applies until the fleet has the capacity", async () => {
  await using it = await stage({ nodes: 2 });
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it);
  const out = await scale(state, "to", "3");
  assertEquals([out.code, out.rows.map(({ status }: { status: string }) => status)], [0, [
    "successful",
    "successful",
  ]]);
  assertEquals(await overrideOf(autoscaler.url), null);
});

Deno.test("kas admin scale to refuses a capacity outside the bounds of the autoscaler, and sets none", async () => {
  await using it = await stage({ nodes: 2 });
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it, { args: ["--max", "2"] });
  for (const words of [["to", "3"], ["to", "0", "--for", "2h"], ["to", "3", "--dry-run"]]) {
    const { code, stderr } = await scale(state, ...words);
    assertEquals([code, stderr.trim().split("\n").length], [2, 1], stderr);
    assertMatch(stderr, /max is 2/);
  }
  assertEquals(await overrideOf(autoscaler.url), null);
});

Deno.test("kas admin scale to exits with status 1 and names the check that holds it back, and kas starts another node instead of one whose start fails", async () => {
  // The first node never passes its health check.
  await using it = await stage({ nodes: 3, machine: machines((id) => id !== NODES[0]) });
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it, { args: ["--start-timeout", "1s"] });
  const out = await scale(state, "to", "2");
  assertEquals([out.code, inService(it).length], [0, 2], out.stderr);

  const held = await scale(state, "to", "4");
  assertEquals(held.code, 1, held.stderr);
  assertEquals(held.rows.at(-1).action, "no action (no-standby)");
  assertEquals(inService(it), [BASE, NODES[1], NODES[2]]);
  assertEquals(await overrideOf(autoscaler.url), null);
});

Deno.test("kas admin scale out N and in N print a row for each activity of the running autoscaler", async () => {
  await using it = await stage({ nodes: 3 });
  const state = `${it.options.state}/process`;
  await using _autoscaler = await startProcess(it, { args: ["--max", "3"] });
  const out = await scale(state, "out", "3");
  assertEquals(out.code, 1);
  assertEquals(out.rows.map(({ action, status }: Record<string, string>) => [action, status]), [
    ["start", "successful"],
    ["start", "successful"],
    ["no action (max-capacity)", null],
  ]);
});

Deno.test("kas admin scale --dry-run lists what each policy of the running autoscaler recommends, and each check", async () => {
  await using it = await stage({ nodes: 2 });
  const state = `${it.options.state}/process`;
  await using _autoscaler = await startProcess(it);
  await scale(state, "to", "2", "--for", "2h");
  const { rows } = await scale(state, "in", "--dry-run");
  const results = (kind: string) =>
    rows.filter((row: Record<string, unknown>) => row["kind"] === kind)
      .map(({ name, result }: Record<string, unknown>) => [name, result]);
  assertEquals(results("policy"), [["operator", 1], ["alarms", null], ["replacement", null], ["minimum", 1], [
    "maximum",
    3,
  ]]);
  assertEquals(results("check")[0], ["not-newest", "passed"]);
});

Deno.test("after an interruption, the autoscaler continues what kas admin scale to began, and the command says so", async () => {
  let serves = false;
  await using it = await stage({ nodes: 1, machine: machines((id) => id === BASE || serves) });
  const state = `${it.options.state}/process`;
  await using autoscaler = await startProcess(it);
  await using command = start([...FROM_SOURCE, "admin", "scale", "to", "2", "--state", state]);
  await command.line(/^start /);
  await eventually(() => lines(autoscaler), (all) => all.some(({ phases }) => "running" in phases));
  command.kill("SIGINT");
  assertEquals((await command.status).code, 130);
  assertMatch(command.lines.join("\n"), new RegExp(`start ${NODES[0]}`));
  assertMatch(command.lines.join("\n"), /kas admin scale auto/);
  assertEquals((await overrideOf(autoscaler.url))?.capacity, 2);
  serves = true;
  await eventually(() => Promise.resolve(inService(it).length), (count) => count === 2);
});
