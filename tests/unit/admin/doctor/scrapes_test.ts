import { assertEquals, assertMatch } from "@std/assert";
import { scrapes } from "../../../../src/admin/doctor/checks/scrapes.ts";
import { parseScrapeTarget } from "../../../../src/health/scrape.ts";
import type { PolicySpec } from "../../../../src/scaling/model/load/policy.ts";
import { findings, instance } from "./observed.ts";

const scrape = parseScrapeTarget("http:9100/metrics");
const TARGET: PolicySpec = { type: "target", metric: "cpu", target: 60, stabilization: 300_000 };

Deno.test("instances that this machine cannot scrape are a warning, by the problem", () => {
  const found = new Map([["i-1", undefined], ["i-2", "connection refused"], ["i-3", "connection refused"]]);
  const [finding = "", remedy = "", ...more] = findings(scrapes, { plan: { scrape }, scrapes: found });
  assertMatch(finding, /^warning: .*cannot scrape i-2, i-3 at http:9100\/metrics: connection refused/);
  assertMatch(remedy, /node-exporter/);
  assertEquals(more, []);
  const [fine = ""] = findings(scrapes, { plan: { scrape }, scrapes: new Map([["i-1", undefined]]) });
  assertMatch(fine, /^ok: 1 instance at http:9100\/metrics/);
});

Deno.test("without scrapes, a policy that reads the load needs detailed monitoring", () => {
  const instances = [instance("i-1"), instance("i-2", { monitoring: "basic" })];
  assertMatch(findings(scrapes, { instances })[0] ?? "", /^ok: no policy reads the load/);
  const plan = { policies: [TARGET] };
  assertMatch(findings(scrapes, { plan, instances })[0] ?? "", /^warning: .*five minutes.*: i-2/);
  assertMatch(findings(scrapes, { plan, instances: [instance("i-1")] })[0] ?? "", /^ok: .*each minute/);
});
