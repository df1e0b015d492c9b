import { assertEquals, assertMatch } from "@std/assert";
import { health, healthCheck } from "../../../../src/admin/doctor/checks/health.ts";
import type { Health } from "../../../../src/aws/balancing/health.ts";
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

/** The health of an instance that is out of service. */
function outOfService(id: string, more: Partial<Health> = {}): Health {
  return {
    id,
    state: "unhealthy",
    reasonCode: "Target.Timeout",
    description: "Request timed out",
    registration: "out-of-service",
    unused: false,
    ...more,
  };
}

Deno.test("an instance whose first checks AWS has not finished is no failure", () => {
  const initial: readonly Partial<Health>[] = [
    { state: "initial", reasonCode: "Elb.InitialHealthChecking", description: "in progress" },
    {
      state: "OutOfService",
      reasonCode: "ELB",
      description: "Instance registration is still in progress.",
    },
    {
      state: "out-of-service",
      reasonCode: "initializing",
      description: "EC2's status checks are initializing",
    },
  ];
  for (const state of initial) {
    const seen = { instances: [instance("i-1")], health: [outOfService("i-1", state)] };
    const lines = findings(health, seen);
    assertEquals(lines, [`skipped: not in service at kas yet: i-1: ${state.description}`]);
  }
});

Deno.test("an unhealthy instance is a warning until the start timeout after its start, and then a failure", () => {
  const of = (id: string, ago: number) => instance(id, { launched: Date.now() - ago });
  const lines = findings(health, {
    instances: [of("i-1", 60_000), of("i-2", 3_600_000), instance("i-3")],
    health: ["i-1", "i-2", "i-3"].map((id) => outOfService(id)),
  });
  assertEquals(lines, [
    "warning: not in service at kas yet, and perhaps still starting: i-1: Request timed out",
    "try: kas admin ping i-1",
    "failed: out of service at kas: i-2, i-3: Request timed out",
    "try: kas admin ping i-2 i-3",
  ]);
});
