import { assertEquals } from "@std/assert";
import { fleet } from "../../../unit/admin/fleet.ts";

Deno.test("kas admin config prints the value and origin of every setting", async () => {
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
