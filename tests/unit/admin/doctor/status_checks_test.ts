import { assertEquals, assertMatch } from "@std/assert";
import { statusChecks } from "../../../../src/admin/doctor/checks/status_checks.ts";
import { findings, instance } from "./observed.ts";

const IMPAIRED = "EC2 reports its system status as impaired";
const RETIRING = "EC2 has scheduled its retirement";

Deno.test("an impaired base, control or protected instance is a failure, and a stop and a start repair it", () => {
  const instances = [
    instance("i-1", { role: "base" }),
    instance("i-2", { role: "control" }),
    instance("i-3", { protected: true }),
    instance("i-4"),
  ];
  const statuses = { "i-1": IMPAIRED, "i-2": IMPAIRED, "i-3": IMPAIRED };
  const [finding = "", remedy, ...rest] = findings(statusChecks, { instances, statuses });
  assertMatch(finding, /^failed: EC2 reports its system status as impaired: i-1, i-2, i-3\b/);
  assertEquals(
    remedy,
    "try: kas admin instances stop i-1 i-2 i-3 --force, then kas admin instances start i-1 i-2 i-3",
  );
  assertEquals(rest, []);
});

Deno.test("an impaired node is a warning, because the autoscaler replaces it", () => {
  const statuses = { "i-1": RETIRING };
  const [finding = "", remedy] = findings(statusChecks, { instances: [instance("i-1")], statuses });
  assertMatch(finding, /^warning: EC2 has scheduled its retirement: i-1\b/);
  assertEquals(remedy, "try: kas admin instances stop i-1");
});

Deno.test("instances with different failures are different findings", () => {
  const instances = [instance("i-1"), instance("i-2"), instance("i-3")];
  const statuses = { "i-1": IMPAIRED, "i-2": RETIRING, "i-3": IMPAIRED };
  const lines = findings(statusChecks, { instances, statuses }).filter((line) => line.startsWith("warning"));
  assertMatch(lines[0] ?? "", /: i-1, i-3\b/);
  assertMatch(lines[1] ?? "", /: i-2\b/);
});

Deno.test("an instance with an instance store as its root device can only be terminated", () => {
  const instances = [
    instance("i-1", { role: "base", instanceStore: true }),
    instance("i-2", { instanceStore: true }),
  ];
  const statuses = { "i-1": IMPAIRED, "i-2": IMPAIRED };
  const remedies = findings(statusChecks, { instances, statuses }).filter((line) => line.startsWith("try"));
  assertEquals(remedies, [
    "try: kas admin instances terminate i-1 --force",
    "try: kas admin instances terminate i-2",
  ]);
});

Deno.test("a fleet without failures is all right", () => {
  assertMatch(findings(statusChecks, { instances: [instance("i-1")] })[0] ?? "", /^ok/);
});
