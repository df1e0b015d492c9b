import { assertEquals, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE } from "../kas.ts";
import { BASE, eventualLine, NODES, stage } from "../autoscaler/fixtures.ts";

const COLUMNS = "time\tkind\tinstance\tstate\treason\tseconds";

Deno.test("activities lists the same from a running autoscaler and from its state folder, decisions to do nothing too", async () => {
  await using it = await stage();
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ state }) => state === "done");

  const words = [...FROM_SOURCE, "admin", "activities", "--output", "tsv"];
  const asked = await execute([...words, "--url", autoscaler.url]);
  assertEquals(asked.code, 0, asked.stderr);
  const [header, start, none] = asked.stdout.split("\n").map((line) => line.split("\t"));
  assertEquals(header?.join("\t"), COLUMNS);
  assertEquals(start?.slice(1, 4), ["start", NODES[0], "done"]);
  assertMatch(start?.[5] ?? "", /^\d+(\.\d+)?$/);
  assertEquals([none?.slice(1, 4), none?.[5]], [["none", "-", "-"], "-"]);

  const read = await execute([...words, "--state", it.options.state]);
  assertEquals(read.stdout, asked.stdout);
  await autoscaler[Symbol.asyncDispose]();
  const later = await execute([...words, "--state", it.options.state, "--limit", "1"]);
  assertEquals(later.stdout, asked.stdout.split("\n").slice(0, 2).join("\n") + "\n");
});

Deno.test("activities says in one line that there is no journal, or nobody to ask", async () => {
  const words = [...FROM_SOURCE, "admin", "activities"];
  const read = await execute([...words, "--state", "/nowhere"]);
  assertEquals([read.code, read.stdout], [1, ""]);
  assertMatch(
    read.stderr,
    /^kas: Cannot read journal \/nowhere\/kas.db: /,
  );
  const asked = await execute([...words, "--url", "http://127.0.0.1:1"]);
  assertEquals([asked.code, asked.stdout], [1, ""]);
  assertMatch(asked.stderr, /^kas: Cannot read http:\/\/127.0.0.1:1\/activities\?limit=100: /);
});
