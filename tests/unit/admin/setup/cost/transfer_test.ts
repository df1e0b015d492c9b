import { assertEquals } from "@std/assert";
import { transferOf } from "../../../../../src/admin/setup/cost/transfer.ts";
import type { Ec2Instance } from "../../../../../src/aws/ec2/instances.ts";
import { parseScrapeTarget } from "../../../../../src/health/scrape.ts";

const plan = (text: string, interval = 5_000) => ({ target: parseScrapeTarget(text), interval });

const instance = (zone: string, role: Ec2Instance["role"] = "node"): Ec2Instance => ({
  id: `i-${zone}`,
  name: "",
  role,
  state: "running",
  type: "t3.micro",
  zone,
  monitoring: "basic",
});

Deno.test("only scrapes of instances in another zone than the control instance transfer data that costs money", () => {
  const fleet = [instance("a", "control"), instance("a"), instance("b"), instance("c")];
  // 730 h with 720 scrapes of 60,000 bytes each, of two instances, out of one zone and into another.
  assertEquals(transferOf(fleet, plan("http:9100/metrics")).all, Math.ceil(2 * 2 * 730 * 720 * 60_000 / 1e9));
  assertEquals(transferOf(fleet.slice(0, 2), plan("http:9100/metrics")), { all: 0, cpu: 0 });
});

Deno.test("without a control instance, the estimate counts the scrapes of all instances", () => {
  assertEquals(transferOf([instance("a")], plan("http:9100/metrics", 60_000)).all, 6);
});

Deno.test("node_exporter transfers less if it shows only the CPU", () => {
  const { all, cpu } = transferOf([instance("a")], plan("http:9100/metrics?collect[]=cpu"));
  assertEquals([all, cpu], [10, 10]);
  assertEquals(transferOf([instance("a")], plan("http:9100/metrics")), { all: 64, cpu: 10 });
});
