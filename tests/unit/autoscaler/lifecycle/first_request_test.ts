import { getLogger } from "@logtape/logtape";
import { assertEquals } from "@std/assert";
import { type FirstRequest, noteFirstRequest } from "../../../../src/autoscaler/lifecycle/first_request.ts";
import { type HealthCheck, parseHealthCheck } from "../../../../src/health/spec.ts";

const HTTP = parseHealthCheck("http:8080/healthz") as HealthCheck;
const TCP = parseHealthCheck("tcp:8080") as HealthCheck;

/** Waits a minute for the first request to a service with these answers. Returns the number of health checks and of steps written. */
async function wait(check: HealthCheck, answers: readonly Record<string, string>[]) {
  let [checks, elapsed, steps] = [0, 0, 0];
  const clock = {
    now: () => elapsed,
    elapsed: () => elapsed,
    // The time limit of a check does not end, because the service answers at once.
    sleep: (ms: number) => {
      if (ms >= 5_000) return new Promise<void>(() => {});
      elapsed += ms;
      return Promise.resolve();
    },
  };
  const fetchService = () => {
    const headers = answers[Math.min(checks++, answers.length - 1)] ?? {};
    return Promise.resolve(new Response("", { headers }));
  };
  await noteFirstRequest({
    journal: { noteStep: () => void steps++ },
    log: getLogger("test"),
    activity: 1,
    instance: "i-1",
    host: "10.0.0.7",
    checks: () => Promise.resolve([check]),
    inService: 0,
    timeout: 60_000,
    runtime: { clock, fetchService },
    signal: new AbortController().signal,
  } as unknown as FirstRequest);
  return { checks, steps };
}

Deno.test("kas asks a service that is not kas worker once, and writes no first request", async () => {
  assertEquals(await wait(HTTP, [{}]), { checks: 1, steps: 0 });
});

Deno.test("kas asks a service that it checks over TCP never", async () => {
  assertEquals(await wait(TCP, [{}]), { checks: 0, steps: 0 });
});

Deno.test("kas asks kas worker until the worker has answered its first request", async () => {
  const idle = { "kas-version": "1.0.0" };
  const busy = { ...idle, "kas-first-work": new Date(1_000).toISOString() };
  assertEquals(await wait(HTTP, [idle, idle, busy]), { checks: 3, steps: 1 });
});
