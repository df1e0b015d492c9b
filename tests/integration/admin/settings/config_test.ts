import { assertEquals, assertMatch } from "@std/assert";
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

Deno.test("kas admin config hides the alert URL, which may contain a secret", async () => {
  await using f = await fleet();
  const { out } = await f.kas("config", { env: { KAS_ALERT_URL: "https://hooks.example.com/s3cr3t" } });
  assertMatch(out, /^alert-url\t\(hidden\)\tKAS_ALERT_URL$/m);
  assertEquals(out.includes("s3cr3t"), false);
});

Deno.test("kas admin config check accepts a valid file, and prints the place of each problem of an invalid file", async () => {
  await using f = await fleet();
  const folder = await Deno.makeTempDir();
  const path = `${folder}/kas.json`;
  try {
    await Deno.writeTextFile(path, '{"region": "eu-west-1", "fleets": [{"min": 1, "max": 5}]}');
    assertEquals((await f.kas(`config check ${path}`)).status, 0);
    await Deno.writeTextFile(path, '{"flet": "kas", "fleets": [{"min": -1, "max": "many"}]}');
    const { status, out } = await f.kas(`config check ${path}`);
    const places = out.trimEnd().split("\n").slice(1).map((line) => line.split("\t")[0]);
    assertEquals([status, places.toSorted()], [1, ["fleets[0].max", "fleets[0].min", "flet"]]);
    const fleets = [{ fleet: "web", max: 4 }, { fleet: "jobs", min: 5, max: 3 }, {
      fleet: "more",
      shrink: "terminate",
    }];
    await Deno.writeTextFile(path, JSON.stringify({ min: 1, fleets }));
    const contradictions = await f.kas(`config check ${path}`);
    assertEquals(contradictions.status, 1);
    assertMatch(contradictions.out, /^fleets\[1\]\t.*min 5.*\nfleets\[2\]\t.*terminate.*\n$/m);
    assertEquals((await f.kas(`config check ${folder}/absent.json`)).status, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
