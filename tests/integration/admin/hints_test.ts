/**
 * Tests the hints that `kas admin` prints on a terminal after the results.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fleet, NODE } from "../../unit/admin/fleet.ts";

/** Returns a terminal that records stdout and stderr in one text. */
function screen(columns = 80) {
  let text = "";
  const write = (more: string) => void (text += more);
  return {
    terminal: { interactive: true, interactiveError: true, columns, write, writeError: write, draw: write },
    text: () => text,
  };
}

Deno.test("setup proposes the next commands, with an address at which the sandbox can reach the autoscaler", async () => {
  await using f = await fleet();
  const { terminal, text } = screen();
  await f.kas("setup", { terminal });
  assertMatch(
    text(),
    /created[\s\S]*Next: kas autoscaler --topic-arn \S+:kas .* kas admin setup --url http:\/\/127\.0\.0\.1:10001 /,
  );
});

Deno.test("setup offers the policy adaptive once, where it creates alarms with detailed monitoring", async () => {
  await using f = await fleet();
  const offered = async (words: string) => {
    const { terminal, text } = screen();
    await f.kas(words, { terminal });
    return text().includes("kas autoscaler --policies adaptive");
  };
  assertEquals(await offered("setup --dry-run"), false);
  assertEquals(await offered("setup"), true);
  assertEquals(await offered("setup"), false);
  await using basic = await fleet();
  const { terminal, text } = screen();
  await basic.kas("setup --monitoring basic --period 300", { terminal });
  assertEquals(text().includes("--policies adaptive"), false);
});

Deno.test("scale in proposes --warmup 0s if only the check warm-up prevents the scale-in", async () => {
  // Without a CPU datapoint, the check projected-load passes.
  await using f = await fleet({ faults: ["metric-delay=10h"] });
  await f.rows(`instances start ${NODE}`);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  await f.rows(`balancers register kas ${NODE}`);
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ registration }) => registration === "in-service")
  );
  const held = screen();
  await f.kas("scale in", { terminal: held.terminal });
  assertStringIncludes(held.text(), "Next: kas admin scale in --warmup 0s");
  const done = screen();
  await f.kas("scale in --warmup 0s", { terminal: done.terminal });
  assertMatch(done.text(), /successful/);
  const none = screen();
  await f.kas("scale in", { terminal: none.terminal });
  assertEquals(none.text().includes("Next:"), false);
});

Deno.test("a narrow terminal shows the main columns of a table, and a hint lists the hidden columns", async () => {
  await using f = await fleet();
  const { terminal, text } = screen(80);
  await f.kas("instances", { terminal });
  // kas clears the progress line before it prints the table.
  const lines = text().split("\n").map((line) => line.split("\x1b[K").at(-1) ?? "");
  assertMatch(lines[0] ?? "", /^ID +NAME +ROLE +STATE +TYPE +ZONE +HEALTH$/);
  assertEquals(lines.slice(0, 3).filter((line) => line.length > 80), []);
  assertStringIncludes(text(), "private_ip, public_dns, launched");
});
