import { assertEquals, assertMatch } from "@std/assert";
import type { Autoscaler } from "../../../../src/admin/doctor/autoscalers.ts";
import { scrapes } from "../../../../src/admin/doctor/checks/scrapes.ts";
import { scrapeOnce } from "../../../../src/admin/doctor/scrapes.ts";
import type { Scrape } from "../../../../src/autoscaler/telemetry/scraper.ts";
import { parseScrapeTarget } from "../../../../src/health/scrape.ts";
import type { PolicySpec } from "../../../../src/scaling/model/load/policy.ts";
import { findings, instance } from "./observed.ts";

const scrape = parseScrapeTarget("http:9100/metrics");
const NODE = { exporter: "node_exporter" } as const;

const STATUS = { observation: null, activities: [], settings: { drainTimeout: 0 } };

/** Returns an autoscaler whose status has these scrapes: the instance, the age of its last sample in s, and why the scrape failed. */
function seenBy(scrapes: readonly (readonly [string, number | null, string | null])[]): Partial<Autoscaler> {
  const shown = scrapes.map(([instance, age, why]) => ({ instance, age, why }));
  return { identity: { fleet: "kas", version: "1", started: "" }, status: { ...STATUS, scrapes: shown } };
}

const TARGET: PolicySpec = { type: "target", metric: "cpu", target: 60, stabilization: 300_000 };

Deno.test("instances that this machine cannot scrape are a warning, by the problem", () => {
  const refused = { problem: "connection refused" };
  const found = new Map<string, Pick<Scrape, "exporter" | "problem">>([["i-1", NODE], ["i-2", refused], [
    "i-3",
    refused,
  ]]);
  const [finding = "", remedy = "", ...more] = findings(scrapes, { plan: { scrape }, scrapes: found });
  assertMatch(finding, /^warning: .*cannot scrape i-2, i-3 at http:9100\/metrics: connection refused/);
  assertMatch(remedy, /node-exporter/);
  assertEquals(more, []);
});

Deno.test("the check of scrapes names what answers on each instance, and the autoscaler's oldest sample", () => {
  const found = new Map<string, Pick<Scrape, "exporter" | "problem">>([["i-1", NODE], ["i-2", NODE], ["i-3", {
    exporter: "kas worker",
  }]]);
  assertEquals(findings(scrapes, { plan: { scrape }, scrapes: found }), [
    "ok: node_exporter on i-1, i-2, kas worker on i-3 at http:9100/metrics",
  ]);
  const autoscaler = seenBy([["i-1", 0.3, null], ["i-2", 4.2, null]]);
  const [fine = ""] = findings(scrapes, { plan: { scrape }, scrapes: found, autoscaler });
  assertMatch(fine, /http:9100\/metrics\. The autoscaler's oldest sample is 4\.2 s old \(i-2\)$/);
});

Deno.test("instances that the autoscaler could not scrape last are a warning, with the age of the last sample", () => {
  const autoscaler = seenBy([["i-1", 2, null], ["i-2", 90.5, "no answer within 2 s"], [
    "i-3",
    null,
    "no answer within 2 s",
  ]]);
  const [finding, , ...more] = findings(scrapes, {
    plan: { scrape },
    scrapes: new Map([["i-1", NODE]]),
    autoscaler,
  });
  assertEquals(
    finding,
    "warning: the last scrape of the autoscaler failed on i-2 (last sample 90.5 s ago), i-3 (no sample yet): no answer within 2 s",
  );
  assertEquals(more, []);
});

Deno.test("doctor scrapes neither control instances nor stopped ones", async () => {
  const instances = [instance("i-1", { role: "control" }), instance("i-2", { state: "stopped" })];
  assertEquals(await scrapeOnce(instances, scrape, () => "127.0.0.1"), new Map());
});

Deno.test("without scrapes, a policy that reads the load needs detailed monitoring", () => {
  const instances = [instance("i-1"), instance("i-2", { monitoring: "basic" })];
  assertMatch(findings(scrapes, { instances })[0] ?? "", /^ok: no policy reads the load/);
  const plan = { policies: [TARGET] };
  assertMatch(findings(scrapes, { plan, instances })[0] ?? "", /^warning: .*five minutes.*: i-2/);
  assertMatch(findings(scrapes, { plan, instances: [instance("i-1")] })[0] ?? "", /^ok: .*each minute/);
});
