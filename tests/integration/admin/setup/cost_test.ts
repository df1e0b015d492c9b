import { assert, assertEquals } from "@std/assert";
import { fleet } from "../../../unit/admin/fleet.ts";

/** The rows of `kas admin cost` by their items. */
function byItem(rows: readonly Record<string, unknown>[]): ReadonlyMap<unknown, Record<string, unknown>> {
  return new Map(rows.map((row) => [row["item"], row]));
}

Deno.test("kas admin cost lists what a fleet costs that setup has made, and changes nothing", async () => {
  await using f = await fleet();
  await f.rows("instances create --count 2 --image ami-1 --type t3.micro");
  await f.rows("instances create --role control --image ami-1 --type t4g.nano");
  await f.kas("setup");
  f.changes();
  const rows = await f.rows("cost");
  assertEquals(f.changes(), []);
  const items = byItem(rows);
  // The seeded fleet has a running base and a stopped node. New instances run.
  assertEquals(items.get("detailed monitoring")?.["quiet"], 7 * 4);
  assertEquals(items.get("alarms")?.["quiet"], 10);
  assertEquals(items.get("gp3 volumes of stopped nodes")?.["quiet"], 8);
  assertEquals(items.get("control instances, t4g.nano")?.["quiet"], 730);
  const sum = (key: string) =>
    rows.filter(({ item }) => !String(item).startsWith("total")).reduce(
      (total, row) => total + 100 * Number(row[key]),
      0,
    ) /
    100;
  for (const key of ["quiet_usd", "busy_usd"]) {
    // Each row is rounded, and the total is rounded once.
    assert(Math.abs(Number(items.get("total")?.[key]) - sum(key)) < 0.01 * rows.length, key);
  }
});

Deno.test("kas admin cost reports each price's region, date and source as JSON", async () => {
  await using f = await fleet();
  const rows = (await f.rows("cost --region eu-central-1")).filter(({ price_region }) =>
    price_region !== null
  );
  assert(rows.length > 0);
  for (const row of rows) {
    assert(/^\d{4}-\d\d-\d\d$/.test(String(row["price_date"])));
    assert(row["price_source"] !== null && String(row["price_page"]).startsWith("https://aws.amazon.com/"));
  }
  const regions = byItem(rows);
  assertEquals(regions.get("gp3 volumes of stopped nodes")?.["price_region"], "eu-central-1");
});

Deno.test("with --scrape a fleet pays for the scrapes of other zones, and for no metric reads", async () => {
  await using f = await fleet();
  await f.kas("setup");
  const [without, scraping] = [
    byItem(await f.rows("cost")),
    byItem(await f.rows("cost --scrape http:9100/metrics")),
  ];
  assertEquals([without.has(SCRAPES), scraping.has("metric reads (GetMetricData)")], [false, false]);
  assert(Number(scraping.get(SCRAPES)?.["quiet_usd"]) > 0);
  const alone = (rows: typeof scraping) => rows.get("total with scrapes alone")?.["quiet_usd"];
  assertEquals(alone(without), alone(scraping));
  assert(Number(alone(without)) < Number(without.get("total")?.["quiet_usd"]));
});

const SCRAPES = "scrapes from other zones";

Deno.test("the longer the interval between reconciles, the less the metric reads cost", async () => {
  await using f = await fleet();
  const reads = async (resync: string) =>
    byItem(await f.rows(`cost --resync ${resync}`)).get("metric reads (GetMetricData)")?.["busy"];
  const [often, seldom] = [await reads("60s"), await reads("600s")];
  assert(Number(often) > Number(seldom) && Number(seldom) > 0, `${often}, ${seldom}`);
});

Deno.test("kas admin cost ends with 4 for a fleet that does not exist, and with 2 for an interval of 0", async () => {
  await using f = await fleet();
  assertEquals((await f.kas("cost --fleet nobody")).status, 4);
  assertEquals((await f.kas("cost --resync 0")).status, 2);
});
