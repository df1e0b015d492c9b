import { assertEquals } from "@std/assert";
import { neededAdmissions } from "../../../../src/admin/setup/balancer/admissions.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import type { Admission } from "../../../../src/aws/ec2/network/balancer_groups.ts";

const instance = (securityGroups: string[], more: Partial<Ec2Instance> = {}): Ec2Instance => ({
  id: "i-1",
  name: "",
  role: "node",
  state: "running",
  type: "t3.micro",
  zone: "eu-west-1a",
  securityGroups,
  ...more,
});
const rule = (group: string, from: number, to = from, protocol = "tcp"): Admission => ({
  group,
  protocol,
  from,
  to,
  ofSetup: true,
});

Deno.test("each first security group of the instances gets one rule for each port", () => {
  const instances = [instance(["sg-1", "sg-2"]), instance(["sg-1"]), instance(["sg-3"])];
  assertEquals(neededAdmissions(instances, [8080, 9000], []), [
    { group: "sg-1", port: 8080, exists: false },
    { group: "sg-1", port: 9000, exists: false },
    { group: "sg-3", port: 8080, exists: false },
    { group: "sg-3", port: 9000, exists: false },
  ]);
});

Deno.test("an instance needs no rule if one of its groups admits the load balancer on the port", () => {
  const of = (current: Admission) =>
    neededAdmissions([instance(["sg-1", "sg-2"])], [8080], [current]).map((
      { group, exists },
    ) => [group, exists]);
  assertEquals(of(rule("sg-2", 8080)), [["sg-2", true]]);
  assertEquals(of(rule("sg-2", 8000, 9000)), [["sg-2", true]]);
  assertEquals(of(rule("sg-2", 0, 65_535, "-1")), [["sg-2", true]]);
  assertEquals(of(rule("sg-2", 8081)), [["sg-1", false]]);
  assertEquals(of(rule("sg-2", 8080, 8080, "udp")), [["sg-1", false]]);
  assertEquals(of(rule("sg-3", 8080)), [["sg-1", false]]);
});

Deno.test("control instances and terminated instances need no rule", () => {
  const instances = [instance(["sg-1"], { role: "control" }), instance(["sg-2"], { state: "terminated" })];
  assertEquals(neededAdmissions(instances, [8080], []), []);
});
