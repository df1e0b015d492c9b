import { assertEquals, assertMatch } from "@std/assert";
import { healthCheck } from "../../../../src/admin/doctor/checks/balancer.ts";
import { parseHealthCheck } from "../../../../src/health/spec.ts";
import { findings } from "./observed.ts";

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
