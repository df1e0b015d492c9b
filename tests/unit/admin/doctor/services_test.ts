import { assertEquals, assertMatch } from "@std/assert";
import { health, healthCheck } from "../../../../src/admin/doctor/checks/balancer.ts";
import { parseHealthCheck } from "../../../../src/health/spec.ts";
import { findings, instance } from "./observed.ts";

const PASSED = { passed: true, description: "the last answer was 200" };
const FAILED = { passed: false, description: "http://10.0.0.7:8080/healthz: the last answer was 404" };

Deno.test("the check health-check fails if instances answer, and none passes the check", () => {
  const [finding = "", remedy] = findings(healthCheck, {
    services: { "i-1": FAILED, "i-2": { noAnswer: "refused" } },
  });
  assertMatch(finding, /^failed: .*HTTP:8080\/healthz.* 404$/);
  assertEquals(remedy, "try: kas admin ping");
});

Deno.test("the check health-check passes if an instance passes, or if no instance answers this machine", () => {
  for (
    const services of [{ "i-1": FAILED, "i-2": PASSED }, { "i-1": { noAnswer: "no answer within 5 s" } }, {}]
  ) {
    assertMatch(findings(healthCheck, { services })[0] ?? "", /^ok/);
  }
});

Deno.test("the check health-check names the check of --health-check if there is one", () => {
  const plan = { healthCheck: parseHealthCheck("tcp:5432") };
  assertMatch(findings(healthCheck, { plan })[0] ?? "", /^ok: .*tcp:5432/);
});

Deno.test("doctor proposes to register an instance that is missing in one of several target groups", () => {
  const missing = {
    id: "i-1",
    state: "unused",
    reasonCode: "Target.NotRegistered",
    description: "the instance is not registered with target group admin",
    registration: "out-of-service",
    unused: false,
    missing: ["admin"],
  } as const;
  const [finding = "", remedy] = findings(health, { instances: [instance("i-1")], health: [missing] });
  assertMatch(finding, /^failed: .*i-1.* admin$/);
  assertEquals(remedy, "try: kas admin balancers register admin i-1");
});
