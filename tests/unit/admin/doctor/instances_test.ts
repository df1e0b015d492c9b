import { assertEquals, assertMatch } from "@std/assert";
import { address, monitoring, network, protection } from "../../../../src/admin/doctor/checks/instances.ts";
import { findings, instance } from "./observed.ts";

Deno.test("monitoring fails if an instance has basic monitoring and the period of its alarms is shorter than 5 minutes", () => {
  const basic = { monitoring: "basic" } as const;
  const instances = [instance("i-1", basic), instance("i-2"), instance("i-3", basic)];
  const periods = { "i-1": 60, "i-2": 60, "i-3": 300 };
  const [finding = "", remedy] = findings(monitoring, { instances, periods });
  assertMatch(finding, /^failed: .*300 s.*: i-1$/);
  assertEquals(remedy, "try: kas admin setup");
  assertMatch(findings(monitoring, { instances, periods: { "i-1": 300 } })[0] ?? "", /^ok/);
});

Deno.test("protection fails if a node has stop protection or, with --shrink terminate, termination protection", () => {
  const instances = [instance("i-1"), instance("i-2")];
  const tried = (shrink: "stop" | "terminate") =>
    findings(protection, { plan: { shrink }, instances, protected: ["i-2"] });
  assertEquals(
    tried("stop")[1],
    "try: aws ec2 modify-instance-attribute --instance-id i-2 --no-disable-api-stop",
  );
  assertEquals(
    tried("terminate")[1],
    "try: aws ec2 modify-instance-attribute --instance-id i-2 --no-disable-api-termination",
  );
  assertMatch(tried("terminate")[0] ?? "", /^failed: EC2 refuses to terminate i-2/);
  assertMatch(findings(protection, { instances })[0] ?? "", /^ok/);
  assertMatch(findings(protection, { instances: [instance("i-1", { role: "base" })] })[0] ?? "", /^skipped/);
});

Deno.test("protection fails if a node has an instance store as the root device, and warns if a node is a Spot instance", () => {
  const instances = [instance("i-1", { instanceStore: true }), instance("i-2", { spot: true })];
  const lines = findings(protection, { instances });
  assertMatch(lines[0] ?? "", /^failed: .*instance store.*: i-1$/);
  assertMatch(lines[2] ?? "", /^warning: .*Spot.*: i-2$/);
  assertMatch(findings(protection, { instances, plan: { shrink: "terminate" } })[0] ?? "", /^ok/);
  const always = instances.map((it) => ({ ...it, role: "base" as const }));
  assertMatch(findings(protection, { instances: always })[0] ?? "", /^skipped/);
});

Deno.test("network fails if instances are in two VPCs, and names the instances in the smaller VPC", () => {
  const instances = [instance("i-1", { vpc: "vpc-2" }), instance("i-2"), instance("i-3")];
  assertMatch(findings(network, { instances })[0] ?? "", /^failed: .*vpc-1, vpc-2.*: i-1 not in vpc-1$/);
  const gone = instance("i-1", { vpc: "vpc-2", state: "terminated" });
  assertEquals(findings(network, { instances: [gone, instance("i-2")] }), ["ok: every instance is in vpc-1"]);
  const unknown = { id: "i-1", role: "node", state: "running" } as ReturnType<typeof instance>;
  assertMatch(findings(network, { instances: [unknown] })[0] ?? "", /^skipped/);
});

Deno.test("address warns if a control instance loses its public address when it stops", () => {
  const control = { role: "control", publicIp: "203.0.113.7" } as const;
  const tried = (elasticIp?: boolean) =>
    findings(address, {
      instances: [instance("i-1", { ...control, ...(elasticIp === undefined ? {} : { elasticIp }) })],
    });
  assertMatch(tried(false)[0] ?? "", /^warning: .*i-1.*203\.0\.113\.7/);
  assertMatch(
    tried(false)[1] ?? "",
    /^try: aws ec2 allocate-address, then aws ec2 associate-address --instance-id i-1/,
  );
  assertMatch(tried(true)[0] ?? "", /^ok: .*203\.0\.113\.7/);
  assertMatch(tried()[0] ?? "", /^skipped/);
  // The public address of a node may change, because SNS sends messages only to control instances.
  assertMatch(
    findings(address, { instances: [instance("i-2", { publicIp: "203.0.113.8", elasticIp: false })] })[0] ??
      "",
    /^ok/,
  );
});
