import { assertEquals } from "@std/assert";
import { BASE, fleet } from "../../../unit/admin/fleet.ts";

Deno.test("kas admin alarms sets, lists and deletes the alarms of an instance", async () => {
  await using f = await fleet();
  const [high, low] = [`kas:cpuhigh:${BASE}`, `kas:cpulow:${BASE}`];
  const actions = (action: string) => [{ name: high, action }, { name: low, action }];
  assertEquals(await f.rows(`alarms set ${BASE} --cpu 35:70 --period 120`), actions("created"));
  assertEquals(await f.rows(`alarms set ${BASE} --cpu 35:70 --period 120`), actions("unchanged"));
  assertEquals(await f.rows(`alarms set ${BASE}`), actions("updated"));
  const { out } = await f.kas("alarms");
  const [header, ...lines] = out.trimEnd().split("\n").map((line) => line.split("\t"));
  assertEquals(header, ["kind", "name", "metric", "period", "dimension", "state", "topic"]);
  assertEquals(lines.map((fields) => fields.toSpliced(5, 1)).sort(), [
    ["cpuhigh", high, "CPUUtilization(Average)>=80", "60", BASE, "kas"],
    ["cpulow", low, "CPUUtilization(Average)>=42", "60", BASE, "kas"],
  ]);
  assertEquals((await f.kas("alarms delete kas:cpuhigh:none")).status, 4);
  assertEquals(await f.rows(`alarms delete ${high}`), [{ name: high, action: "deleted" }]);
  assertEquals(await f.rows(`alarms delete --instance ${BASE}`), [{ name: low, action: "deleted" }]);
  assertEquals((await f.kas(`alarms delete --instance ${BASE}`)).status, 4);
});

Deno.test("alarms set creates alarms for the whole fleet, or for the requests of a load balancer", async () => {
  await using f = await fleet();
  assertEquals((await f.rows("alarms set --all")).length, 4);
  assertEquals(await f.rows("alarms set --requests 600 --period 300"), [
    { name: "kas:reqcount:kas", action: "created" },
  ]);
  assertEquals(await f.rows("alarms set --requests-of kas --requests 600 --period 300"), [
    { name: "kas:reqcount:kas", action: "unchanged" },
  ]);
  const requests = (await f.rows("alarms")).find(({ kind }) => kind === "reqcount");
  assertEquals([requests?.["metric"], requests?.["period"]], ["RequestCount(Sum)>=600", 300]);
  assertEquals((await f.kas("alarms set --requests-of none --requests 600")).status, 4);
});

Deno.test("alarms set rejects invalid and contradictory options, and changes nothing", async () => {
  await using f = await fleet();
  f.changes();
  for (
    const words of [
      "alarms set",
      `alarms set ${BASE} --all`,
      "alarms set --requests-of kas",
      "alarms set --all --requests 5",
      `alarms set ${BASE} --requests 5`,
      "alarms set --requests-of kas --requests 5 --cpu 1:2",
      `alarms set ${BASE} --cpu 80:42`,
      `alarms set ${BASE} --cpu 80`,
      `alarms set ${BASE} --period 90`,
      `alarms set ${BASE} --evaluations 0`,
      "alarms delete",
      "alarms test kas:cpuhigh:x HIGH",
    ]
  ) {
    const { status, out, err } = await f.kas(words);
    assertEquals([status, out, err.split("\n").length], [2, "", 2], `${words}: ${err}`);
  }
  assertEquals(f.changes(), []);
});

Deno.test("alarms test sets the state of an alarm", async () => {
  await using f = await fleet();
  await f.rows(`alarms set ${BASE}`);
  const [row] = await f.rows(`alarms test kas:cpuhigh:${BASE} ALARM`);
  assertEquals([row?.["name"], row?.["after"]], [`kas:cpuhigh:${BASE}`, "ALARM"]);
  assertEquals((await f.kas("alarms test kas:cpuhigh:none OK")).status, 4);
});
