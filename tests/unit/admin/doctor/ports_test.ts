import { assertEquals, assertMatch } from "@std/assert";
import { ports, reach } from "../../../../src/admin/doctor/checks/ports.ts";
import { parseHealthCheck } from "../../../../src/health/spec.ts";
import { findings, instance } from "./observed.ts";

const instances = [
  instance("i-1", { securityGroups: ["sg-node"] }),
  instance("i-2", { role: "control", securityGroups: ["sg-control"] }),
];
const rule = (more: Partial<{ from: number; to: number; networks: string[]; groups: string[] }>) => ({
  protocol: "tcp",
  from: 8_080,
  to: 8_080,
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
  assertMatch(finding, /^failed: port 8080 of i-1 .* i-2$/);
  assertEquals(
    remedy,
    "try: aws ec2 authorize-security-group-ingress --group-id sg-node --protocol tcp --port 8080 --source-group sg-control",
  );
});

Deno.test("a rule for the group of the control instance, or for a network, passes the check reach", () => {
  for (const open of [rule({ groups: ["sg-control"] }), rule({ networks: ["10.0.0.0/8"] })]) {
    assertMatch(findings(reach, { instances, ingress: { "sg-node": [open] } })[0] ?? "", /^ok/);
  }
});

Deno.test("the check reach looks at the port of --health-check, and passes if kas makes no check", () => {
  const seen = { instances, ingress: { "sg-node": [rule({ groups: ["sg-control"] })] } };
  const plan = (text: string) => ({ healthCheck: parseHealthCheck(text) });
  assertMatch(findings(reach, { ...seen, plan: plan("tcp:5432") })[0] ?? "", /^failed: port 5432 of i-1 /);
  assertMatch(findings(reach, { ...seen, plan: plan("none") })[0] ?? "", /^ok/);
});

Deno.test("the check ports asks for the port of the requests and for that of the load balancer's health check", () => {
  const open = (...numbers: readonly number[]) => ({
    "sg-node": numbers.map((port) => rule({ groups: ["sg-lb"], from: port, to: port })),
    "sg-control": [rule({ networks: ["0.0.0.0/0"], from: 10_000, to: 10_000 })],
  });
  const remedies = (ingress: ReturnType<typeof open>) =>
    findings(ports, { instances, ingress }).filter((finding) => finding.startsWith("try"))
      .map((finding) => /--port (\d+) --source-group sg-lb/.exec(finding)?.[1]);
  assertEquals(remedies(open()), ["8081", "8080"]);
  assertEquals(remedies(open(8_081)), ["8080"]);
  assertEquals(remedies(open(8_081, 8_080)), []);
});

Deno.test("setup opens the ports for a load balancer that it has created, so that teardown closes them again", () => {
  const remedies = findings(ports, { instances, ingress: {}, madeGroups: ["sg-lb"], plan: { pull: true } })
    .filter((finding) => finding.startsWith("try"));
  assertEquals([...new Set(remedies)], ["try: kas admin setup --pull"]);
});

Deno.test("the check reach passes without a control instance", () => {
  assertMatch(findings(reach, { instances: instances.slice(0, 1) })[0] ?? "", /^ok: .*no control instance/);
});
