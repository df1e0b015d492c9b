import { assertEquals, assertMatch } from "@std/assert";
import { reach } from "../../../../src/admin/doctor/checks/ports.ts";
import { findings, instance } from "./observed.ts";

const instances = [
  instance("i-1", { securityGroups: ["sg-node"] }),
  instance("i-2", { role: "control", securityGroups: ["sg-control"] }),
];
const rule = (more: Partial<{ from: number; to: number; networks: string[]; groups: string[] }>) => ({
  protocol: "tcp",
  from: 30_000,
  to: 30_000,
  networks: [],
  groups: [],
  ...more,
});

Deno.test("instances whose security group does not admit the control instance fail the check reach", () => {
  const [finding = "", remedy] = findings(reach, {
    instances,
    ingress: {
      "sg-node": [rule({ groups: ["sg-balancer"] }), rule({ groups: ["sg-control"], from: 22, to: 22 })],
    },
  });
  assertMatch(finding, /^failed: port 30000 of i-1 .* i-2$/);
  assertEquals(
    remedy,
    "try: aws ec2 authorize-security-group-ingress --group-id sg-node --protocol tcp --port 30000 --source-group sg-control",
  );
});

Deno.test("a rule for the group of the control instance, or for a network, passes the check reach", () => {
  for (const open of [rule({ groups: ["sg-control"] }), rule({ networks: ["10.0.0.0/8"] })]) {
    assertMatch(findings(reach, { instances, ingress: { "sg-node": [open] } })[0] ?? "", /^ok/);
  }
});

Deno.test("the check reach passes without a control instance", () => {
  assertMatch(findings(reach, { instances: instances.slice(0, 1) })[0] ?? "", /^ok: .*no control instance/);
});
