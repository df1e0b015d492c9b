import { assertEquals } from "@std/assert";
import { healthOf, type HealthView } from "../../../../src/scaling/faults/health.ts";
import type { Instance } from "../../../../src/scaling/model/instance.ts";
import { lifecycleStatus } from "../../../../src/scaling/model/instance.ts";
import { HOUR, instance, MINUTE, NOW, stopped } from "../fixtures.ts";

const IMPAIRED = { impaired: "EC2 reports an impaired instance" };
const HANGS = { registration: "out-of-service" } as const;

/** Returns what an observation says of an instance that has failed for some time. */
function health(
  more: Partial<Instance>,
  failing: HealthView["failing"],
  view: Partial<HealthView> = {},
): ReturnType<typeof healthOf> {
  const terms = { now: NOW, startTimeout: 5 * MINUTE, unhealthyAfter: 2 * MINUTE, failing, ...view };
  return healthOf(instance("n1", more), terms);
}

/** Returns how long an instance has failed that served before. */
function served(ago: number): HealthView["failing"] {
  return { since: NOW - ago, served: true };
}

for (const [what, more] of [["fails its health check", HANGS], ["is impaired", IMPAIRED]] as const) {
  Deno.test(`R21: an instance that has served and ${what} is failing, and unhealthy after --unhealthy-after`, () => {
    const at = (ago: number) => health(more, served(ago)).health;
    assertEquals([0, 2 * MINUTE - 1, 2 * MINUTE, HOUR].map(at), [
      "failing",
      "failing",
      "unhealthy",
      "unhealthy",
    ]);
    assertEquals(health(more, served(MINUTE)).failingSince, NOW - MINUTE);
  });
}

Deno.test("R21: an instance that does not fail is healthy", () => {
  assertEquals(health({}, undefined), {});
});

Deno.test("R21: with --unhealthy-after 0s an instance is unhealthy at once", () => {
  assertEquals(health(HANGS, served(0), { unhealthyAfter: 0 }).health, "unhealthy");
});

Deno.test("R21: an instance that has not served yet is joining, and unhealthy after --start-timeout", () => {
  const at = (ago: number) =>
    health({ ...HANGS, launched: NOW - ago }, { since: NOW - ago, served: false }).health;
  assertEquals([MINUTE, 3 * MINUTE, 5 * MINUTE - 1, 5 * MINUTE].map(at), [
    undefined,
    undefined,
    undefined,
    "unhealthy",
  ]);
});

Deno.test("R21: an instance that EC2 reports as impaired from its first observation in service is failing", () => {
  assertEquals(health(IMPAIRED, { since: NOW - MINUTE, served: false }).health, "failing");
});

for (
  const [what, more] of [
    ["is not registered", { registration: "none" }],
    ["drains", { registration: "draining" }],
    ["is stopping", { state: "stopping", ...HANGS }],
    ["is pending", { state: "pending", ...HANGS }],
    ["has stopped", stopped("n1")],
  ] as const
) {
  Deno.test(`R21: an instance that ${what} is neither failing nor unhealthy`, () => {
    assertEquals(health(more, served(HOUR)).health, undefined);
  });
}

Deno.test("R21: a failing instance is capacity, an unhealthy one is not, and a start, a stop and a quarantine come first", () => {
  const hangs = (health: "failing" | "unhealthy", more: Partial<Instance> = {}) =>
    instance("n1", { ...HANGS, health, ...more });
  assertEquals(lifecycleStatus(hangs("failing"), undefined), "failing");
  assertEquals(lifecycleStatus(hangs("unhealthy"), undefined), "unhealthy");
  assertEquals(lifecycleStatus(hangs("unhealthy", { registration: "in-service" }), undefined), "unhealthy");
  assertEquals(lifecycleStatus(hangs("unhealthy"), "start"), "joining");
  assertEquals(lifecycleStatus(hangs("unhealthy"), "stop"), "leaving");
  assertEquals(lifecycleStatus(hangs("unhealthy", { quarantine: "broken" }), undefined), "standby");
});

Deno.test("R21: if somebody sets the clock back by more than --unhealthy-after, an instance that fails is unhealthy", () => {
  assertEquals(health(HANGS, { since: NOW + HOUR, served: true }).health, "unhealthy");
});
