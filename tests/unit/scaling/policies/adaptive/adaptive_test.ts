import { assertEquals, assertStringIncludes } from "@std/assert";
import type { AdaptiveSpec } from "../../../../../src/scaling/model/load/policy.ts";
import type { LoadPoint } from "../../../../../src/scaling/model/load/view.ts";
import { adaptivePolicy } from "../../../../../src/scaling/policies/adaptive/adaptive.ts";
import { learned, MINUTE } from "./loads.ts";

const SPEC: AdaptiveSpec = { type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 };

const view = learned(() => 3.2, 3 * 60 * MINUTE);
const now = view.at + 5_000;

function point(percent: number, served: number, end: number): LoadPoint {
  return { at: end - 10_000, span: 10_000, percent, served, serving: served };
}

Deno.test("the adaptive policy recommends the capacity of the chosen rule, and says why", () => {
  const { policy, capacity, reason } = adaptivePolicy(SPEC, { adaptive: view, now }, 9);
  assertEquals([policy, capacity], ["adaptive", 4]);
  assertStringIncludes(reason, "Demand is 3.2 instances, so 4 are needed at 80 %.");
});

Deno.test("without a view the adaptive policy keeps the present capacity", () => {
  assertEquals(adaptivePolicy(SPEC, { now }, 7), {
    policy: "adaptive",
    capacity: 7,
    reason: "kas has not measured the load yet.",
  });
});

Deno.test("with a view that is older than 10 min the adaptive policy keeps the present capacity", () => {
  const late = (ms: number) => adaptivePolicy(SPEC, { adaptive: view, now: view.at + ms }, 7).capacity;
  assertEquals([late(9 * MINUTE), late(11 * MINUTE), late(-11 * MINUTE)], [4, 7, 7]);
});

Deno.test("three saturated periods of 10 s ask for twice as many instances, two do not", () => {
  const short = [30, 20, 10].map((ago) => point(99, 4, now - ago * 1_000));
  const ask = (points: readonly LoadPoint[]) =>
    adaptivePolicy(SPEC, { adaptive: view, load: { source: "scrape", short: points, long: [] }, now }, 4);
  assertEquals(ask(short).capacity, 8);
  assertStringIncludes(ask(short).reason, "CPU was 99 % on 4 instances");
  assertEquals(ask(short.slice(1)).capacity, 4);
});

Deno.test("the reason says why the load comes from CloudWatch", () => {
  const load = { source: "cloudwatch", why: "No instance could be scraped.", short: [], long: [] } as const;
  assertStringIncludes(
    adaptivePolicy(SPEC, { adaptive: view, load, now }, 4).reason,
    "No instance could be scraped.",
  );
});

Deno.test("a view that was recorded as JSON gives the same answer", () => {
  const recorded = JSON.parse(JSON.stringify(view));
  assertEquals(
    adaptivePolicy(SPEC, { adaptive: recorded, now }, 4),
    adaptivePolicy(SPEC, { adaptive: view, now }, 4),
  );
});
