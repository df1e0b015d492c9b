import { assertEquals } from "@std/assert";
import { nextPhase } from "../../../../src/sandbox/elb/health_checks.ts";
import type { HealthCheck, RegistrationPhase } from "../../../../src/sandbox/account/load_balancer.ts";

const EVERY_5_S: HealthCheck = {
  target: "HTTP:30000/ping",
  interval: 5,
  timeout: 2,
  unhealthyThreshold: 2,
  healthyThreshold: 3,
};

Deno.test("nextPhase() puts a new registration in service after one passed check, and later applies the thresholds", () => {
  const cases: readonly [
    from: RegistrationPhase,
    passed: boolean,
    times: number,
    elapsed: number,
    to: RegistrationPhase,
  ][] = [
    ["registering", true, 1, 0, "in-service"],
    ["registering", false, 9, 9_999, "registering"],
    ["registering", false, 9, 10_000, "out-of-service"],
    ["in-service", true, 1, 0, "in-service"],
    ["in-service", false, 1, 0, "in-service"],
    ["in-service", false, 2, 0, "out-of-service"],
    ["out-of-service", false, 1, 0, "out-of-service"],
    ["out-of-service", true, 2, 0, "out-of-service"],
    ["out-of-service", true, 3, 0, "in-service"],
    ["draining", false, 9, 0, "draining"],
  ];
  for (const [from, passed, times, elapsed, to] of cases) {
    assertEquals(nextPhase(from, { passed, times }, EVERY_5_S, elapsed), to, `${from}, ${times} × ${passed}`);
  }
});
