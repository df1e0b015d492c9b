import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { backoffAfter } from "../../../../src/scaling/faults/backoff.ts";
import { lastFailures, pausesOf } from "../../../../src/scaling/faults/pauses.ts";
import type { StartEvent } from "../../../../src/scaling/model/start_event.ts";
import { MINUTE, NOW, stopped } from "../fixtures.ts";
import * as random from "../random.ts";

const SECOND = 1_000;

/** Nodes in zone a of two types, and a node in zone b. */
const [A1, A2, LARGE, B1] = [
  stopped("a1"),
  stopped("a2"),
  stopped("large", { type: "m5.large" }),
  stopped("b1", { zone: "b" }),
];
const NODES = [A1, A2, LARGE, B1];

/** Returns an event that was some seconds before NOW. */
function event(what: StartEvent["what"], instance: string, seconds: number): StartEvent {
  return { what, instance, at: NOW - seconds * SECOND, reason: "AWS said so" } as StartEvent;
}

/** Returns the ids of the nodes whose starts are paused. */
function waiting(starts: readonly StartEvent[], now = NOW): string[] {
  const pauses = pausesOf({ now, instances: NODES, history: { starts } });
  return NODES.filter((node) => pauses.of(node) !== undefined).map(({ id }) => id);
}

Deno.test("backoffAfter() doubles the pause of 30 s with each failure, up to 15 minutes", () => {
  assertEquals([0, 1, 2, 3, 4, 5, 6, 7, 5_000].map(backoffAfter), [
    ...[0, 30, 60, 120, 240, 480, 900, 900, 900].map((s) => s * SECOND),
  ]);
});

const CASES: readonly [string, readonly StartEvent[], readonly string[]][] = [
  ["nothing without a failed start", [], []],
  ["the instances of a type in a zone without capacity", [event("no-capacity", "a1", 5)], ["a1", "a2"]],
  ["the instances of a zone that the load balancer does not serve", [event("zone-not-served", "a1", 5)], [
    "a1",
    "a2",
    "large",
  ]],
  ["every instance while AWS does not answer", [event("aws-away", "a1", 5)], ["a1", "a2", "large", "b1"]],
  ["every instance while all instances fail the health check", [event("health-check", "a1", 5)], [
    "a1",
    "a2",
    "large",
    "b1",
  ]],
  ["nothing once an instance is in service again", [
    event("health-check", "a1", 5),
    event("in-service", "b1", 3),
  ], []],
  ["one instance that fails its health check while others pass", [event("unhealthy", "a1", 5)], ["a1"]],
  ["one instance that stopped during its start, although it ran", [
    event("running", "a1", 6),
    event("ended", "a1", 5),
  ], ["a1"]],
  ["no instance that kas quarantined because of the failure", [
    { ...event("ended", "a1", 5), quarantined: true } as StartEvent,
  ], []],
  ["every instance after the account has reached a quota", [event("quota", "a1", 5)], [
    "a1",
    "a2",
    "large",
    "b1",
  ]],
  ["one instance whose start AWS refuses", [event("refused", "a1", 5)], ["a1"]],
  ["nothing 30 s after a failure", [event("no-capacity", "a1", 30)], []],
  ["instances for longer after a second failure", [
    event("no-capacity", "a1", 100),
    event("no-capacity", "a2", 55),
  ], [
    "a1",
    "a2",
  ]],
  ["nothing once an instance of the type runs in the zone", [
    event("no-capacity", "a1", 5),
    event("running", "a2", 3),
  ], []],
  ["a zone although an instance of another zone runs", [
    event("no-capacity", "a1", 5),
    event("running", "b1", 3),
  ], ["a1", "a2"]],
  ["an instance until it is in service", [event("refused", "a1", 5), event("running", "a1", 3)], ["a1"]],
  ["nothing for an instance that the fleet does not have any more", [event("quota", "gone", 5)], []],
];

for (const [name, starts, expected] of CASES) {
  Deno.test(`R18: pausesOf() pauses ${name}`, () => assertEquals(waiting(starts), expected));
}

Deno.test("R18: starts that fail at the same time count as one failure", () => {
  const starts = [1, 2, 3, 4, 5].map(() => event("no-capacity", "a1", 31));
  assertEquals(waiting(starts), []);
});

Deno.test("R18: if all attempts fail, the second comes after 30 s, and each later one after twice the time, at most 15 minutes", () => {
  const step = fc.integer({ min: 0, max: 90 * SECOND });
  fc.assert(
    fc.property(fc.array(step, { minLength: 12, maxLength: 30 }), (delays) => {
      const starts: StartEvent[] = [];
      let now = NOW;
      for (const [failures, delay] of delays.entries()) {
        const [pause] = pausesOf({ now, instances: NODES, history: { starts } }).all;
        assertEquals(pause, undefined);
        now += delay;
        starts.push({ what: "no-capacity", instance: failures % 2 ? "a1" : "a2", at: now, reason: "none" });
        const [after] = pausesOf({ now, instances: NODES, history: { starts } }).all;
        assertEquals((after?.until ?? 0) - now, Math.min(15 * MINUTE, 30 * SECOND * 2 ** failures));
        now = after?.until ?? 0;
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("R18: no pause lasts longer than 15 minutes, whatever happened and however the clock was set", () => {
  let paused = 0;
  fc.assert(
    fc.property(random.observation, (observation) => {
      const { all } = pausesOf(observation);
      paused += all.length;
      for (const { until } of all) {
        // After somebody has set the clock back, a failure may be in the future. It must not pause starts for longer.
        assert(until - observation.now <= 30 * MINUTE, `${until - observation.now} ms`);
      }
      const later = { ...observation, now: observation.now + 30 * MINUTE };
      const failures = (observation.history.starts ?? []).every(({ at }) => at <= observation.now);
      if (failures) assertEquals(pausesOf(later).all, []);
    }),
  );
  assert(paused > 10, `${paused} pauses only`);
});

Deno.test("lastFailures() forgets the failures of an instance that came into service", () => {
  const starts = [event("refused", "a1", 9), event("refused", "b1", 8), event("in-service", "a1", 7)];
  assertEquals([...lastFailures(starts)], [["b1", NOW - 8 * SECOND]]);
});
