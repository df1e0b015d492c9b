import { assertEquals, assertMatch } from "@std/assert";
import { credits, vcpus } from "../../../../src/admin/doctor/checks/cpu.ts";
import { findings, instance } from "./observed.ts";

const micro = (id: string) => instance(id, { type: "t2.micro" });

Deno.test("a T instance in standard mode is a warning if its baseline is below the threshold of its cpuhigh alarm", () => {
  const instances = [micro("i-1"), micro("i-2"), micro("i-3"), instance("i-4", { type: "m5.large" })];
  const periods = { "i-1": 60, "i-2": 60, "i-3": 60, "i-4": 60 };
  const [finding = "", remedy, ...rest] = findings(credits, {
    instances,
    periods,
    credits: { "i-1": "standard", "i-2": "unlimited", "i-3": "standard" },
  });
  assertMatch(finding, /^warning: .*t2\.micro.*10 %.*80 %.*: i-1, i-3/);
  assertEquals(
    remedy,
    "try: aws ec2 modify-instance-credit-specification --instance-credit-specifications " +
      "InstanceId=i-1,CpuCredits=unlimited InstanceId=i-3,CpuCredits=unlimited",
  );
  assertEquals(rest, []);
});

Deno.test("T instances in unlimited mode, or with a threshold below the baseline, are all right", () => {
  const seen = { instances: [micro("i-1")], periods: { "i-1": 60 } };
  assertMatch(findings(credits, { ...seen, credits: { "i-1": "unlimited" } })[0] ?? "", /^ok/);
  const low = { ...seen, threshold: 8, credits: { "i-1": "standard" } } as const;
  assertMatch(findings(credits, low)[0] ?? "", /^ok/);
  assertMatch(findings(credits, { instances: [instance("i-1", { type: "m5.large" })] })[0] ?? "", /^skipped/);
});

Deno.test("a service other than kas worker on several vCPUs is a warning if one thread stays below the threshold", () => {
  const instances = ["i-1", "i-2", "i-3"].map((id) => instance(id, { vcpus: 2 }));
  const seen = { instances, periods: { "i-1": 60, "i-2": 60, "i-3": 60 } };
  const passed = { passed: true, description: "" };
  const services = { "i-1": passed, "i-2": { ...passed, version: "1.0.0" }, "i-3": { noAnswer: "refused" } };
  const [finding = "", remedy, ...rest] = findings(vcpus, { ...seen, services });
  assertMatch(finding, /^warning: .*50 % of 2 vCPUs.*80 %.*: i-1\./);
  assertEquals([remedy, rest], ["try: kas admin alarms set --all --cpu 20:40", []]);
  assertMatch(findings(vcpus, { ...seen, services, threshold: 40 })[0] ?? "", /^ok/);
  assertMatch(
    findings(vcpus, { ...seen, instances: [instance("i-1", { vcpus: 1 })], services })[0] ?? "",
    /^ok/,
  );
});
