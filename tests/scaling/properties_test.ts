/**
 * What holds of every decision over random fleets: the invariants I1, I2, I3 and I8, and R16.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import type { Alarm, AlarmChange, Signal } from "../../src/scaling/alarm.ts";
import { decide, type Decision } from "../../src/scaling/decide.ts";
import type { Facts } from "../../src/scaling/facts.ts";
import { exists, inService, type Instance, standing } from "../../src/scaling/fleet.ts";
import { resyncSignal } from "../../src/scaling/resync.ts";
import { HOUR, NOW } from "./fixtures.ts";

const RUNS = { numRuns: 2_000 };
const IDS = Array.from({ length: 8 }, (_, i) => `i-${i}`);

const time = fc.integer({ min: NOW - HOUR, max: NOW + HOUR / 10 });
const span = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: HOUR / 4 }));
const anyId = fc.constantFrom(...IDS, ...IDS, "i-gone");
const state = fc.constantFrom("OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA");
const name = fc.record({
  fleet: fc.constantFrom("kas", "kas", "kas", "web"),
  kind: fc.constantFrom("cpuhigh", "cpulow", "reqcount"),
  dimension: anyId,
});
const change: fc.Arbitrary<AlarmChange> = fc.tuple(name, fc.record({ from: state, to: state, at: time }))
  .map(([name, rest]) => ({ ...name, ...rest }));
const alarm: fc.Arbitrary<Alarm> = fc
  .tuple(
    name,
    fc.record({ state, threshold: fc.integer({ min: 1, max: 100 }), period: fc.constant(60), changed: time }),
  )
  .map(([name, rest]) => ({ ...name, ...rest }));

const instanceState = fc.constantFrom(
  "pending",
  "running",
  "stopping",
  "stopped",
  "shutting-down",
  "terminated",
);
const registration = fc.constantFrom("none", "out-of-service", "in-service", "draining");
const instance = (id: string): fc.Arbitrary<Instance> =>
  fc.tuple(
    fc.record({
      id: fc.constant(id),
      name: fc.constant(""),
      role: fc.constantFrom("base", "control", "node", "node", "node", "node"),
      type: fc.constant("t3.small"),
      zone: fc.constantFrom("a", "b"),
      launched: time,
      stoppedAt: time,
    }, { requiredKeys: ["id", "name", "role", "type", "zone"] }),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant({ state: "running", registration: "in-service" } as const) },
      { weight: 3, arbitrary: fc.constant({ state: "stopped", registration: "none" } as const) },
      { weight: 4, arbitrary: fc.record({ state: instanceState, registration }) },
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constant({ quarantine: "no capacity" }) },
      { weight: 1, arbitrary: fc.constant({ autoScalingGroup: "web" }) },
    ),
  ).map(([what, where, exempt]) => ({ ...what, ...where, ...exempt }));

const facts: fc.Arbitrary<Facts> = fc.record({
  now: fc.constant(NOW),
  fleet: fc.constant("kas"),
  limits: fc.record({
    min: fc.integer({ min: 0, max: 4 }),
    max: fc.integer({ min: 0, max: 8 }),
    warmup: span,
    cooldownOut: span,
    cooldownIn: span,
    resync: span,
  }, { requiredKeys: ["warmup", "cooldownOut", "cooldownIn", "resync"] }),
  instances: fc.subarray(IDS, { minLength: 2 }).chain((ids) => fc.tuple(...ids.map(instance))),
  alarms: fc.array(alarm, { maxLength: 4 }),
  cpu: fc.dictionary(anyId, fc.record({ percent: fc.integer({ min: 0, max: 60 }), at: time })),
  underWay: fc.array(fc.record({ kind: fc.constantFrom("start", "stop"), instance: anyId, since: time }), {
    maxLength: 3,
  }),
  history: fc.record({
    lastOut: time,
    lastIn: time,
    inServiceSince: fc.dictionary(anyId, time),
  }, { requiredKeys: ["inServiceSince"] }),
});

const source = fc.constantFrom("notification", "resync", "manual");
const signal: fc.Arbitrary<Signal> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ kind: fc.constantFrom("out", "in"), source, alarm: change, instance: anyId }, {
      requiredKeys: ["kind", "source"],
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("none"), source, why: fc.string() }) },
);

/** Holds a property against every decision, and makes sure that decisions of the kind came up often enough to mean it. */
function every(
  kind: Decision["kind"],
  holds: (decision: Decision, signal: Signal, facts: Facts) => void,
): void {
  let seen = 0;
  fc.assert(
    fc.property(signal, facts, (signal, facts) => {
      const decision = decide(signal, facts);
      if (decision.kind !== kind) return;
      seen++;
      holds(decision, signal, facts);
    }),
    RUNS,
  );
  assert(seen > 20, `${kind} came up ${seen} times only`);
}

const standingIn = (facts: Facts, place: string): string[] =>
  facts.instances
    .filter(({ id, ...rest }) =>
      standing({ id, ...rest }, facts.underWay.findLast((activity) => activity.instance === id)?.kind) ===
        place
    )
    .map(({ id }) => id);

Deno.test("I1: decide() never stops a base or control instance, nor one in quarantine or of an Auto Scaling group", () => {
  every("stop", (decision, _, facts) => {
    const target = facts.instances.find(({ id }) => "instance" in decision && id === decision.instance);
    assertEquals(
      [target?.role, target?.state, target?.quarantine, target?.autoScalingGroup],
      ["node", "running", undefined, undefined],
    );
  });
});

Deno.test("I2: decide() never goes below min, and leaves at least one in service", () => {
  every("stop", (decision, _, facts) => {
    const after = standingIn(facts, "serving").filter((id) =>
      !("instance" in decision && id === decision.instance)
    ).length;
    const bases = facts.instances.filter((instance) => exists(instance) && instance.role === "base").length;
    assert(after >= Math.max(1, facts.limits.min ?? bases), `${after} after ${decision.reason}`);
  });
});

Deno.test("I2: decide() never goes above max", () => {
  every("start", (decision, _, facts) => {
    const after = standingIn(facts, "serving").length + standingIn(facts, "coming").length + 1;
    assert(
      after <= (facts.limits.max ?? facts.instances.filter(exists).length),
      `${after} after ${decision.reason}`,
    );
  });
});

Deno.test("I3: decide() starts only nodes that are neither serving nor coming, once each", () => {
  every("start", (decision, _, facts) => {
    if (decision.kind !== "start") return;
    const chosen = [decision.instance, ...decision.candidates];
    assertEquals(new Set(chosen).size, chosen.length);
    const taken = new Set([...standingIn(facts, "serving"), ...standingIn(facts, "coming")]);
    for (const id of chosen) {
      const target = facts.instances.find((instance) => instance.id === id);
      assertEquals([target?.role, target?.quarantine, target?.autoScalingGroup], [
        "node",
        undefined,
        undefined,
      ]);
      assert(!taken.has(id), `${id} is taken`);
      assert(target !== undefined && exists(target));
    }
  });
});

Deno.test("R4: decide() never stops while an alarm of the fleet calls for more", () => {
  every("stop", (_, __, facts) => {
    const ids = new Set(facts.instances.filter(exists).map(({ id }) => id));
    assert(
      !facts.alarms.some(({ fleet, kind, dimension, state }) =>
        state === "ALARM" && fleet === "kas" &&
        (kind === "reqcount" || (kind === "cpuhigh" && ids.has(dimension)))
      ),
    );
  });
});

Deno.test("I8: decide() always decides, with a reason, and names the rule that held a step", () => {
  fc.assert(
    fc.property(signal, facts, (signal, facts) => {
      const decision = decide(signal, facts);
      assertNotEquals(decision.reason.trim(), "");
      assertEquals(decision.rules.length, signal.kind === "none" ? 0 : 1);
      if (signal.kind === "none") assertEquals(decision.kind, "none");
    }),
    RUNS,
  );
});

Deno.test("I8: every resync amounts to one signal, which decide() takes", () => {
  fc.assert(
    fc.property(facts, (facts) => {
      const signal = resyncSignal(facts);
      assertEquals(signal.source, "resync");
      assertNotEquals(decide(signal, facts).reason, "");
    }),
    RUNS,
  );
});

Deno.test("R16: decide() decides the same again from what was written down, and changes nothing it is given", () => {
  fc.assert(
    fc.property(signal, facts, (signal, facts) => {
      const [signalText, factsText] = [JSON.stringify(signal), JSON.stringify(facts)];
      const first = JSON.stringify(decide(signal, facts));
      assertEquals(JSON.stringify(decide(JSON.parse(signalText), JSON.parse(factsText))), first);
      assertEquals([JSON.stringify(signal), JSON.stringify(facts)], [signalText, factsText]);
    }),
    RUNS,
  );
});

Deno.test("R16: decide() does not depend on the order in which AWS lists instances and alarms", () => {
  fc.assert(
    fc.property(signal, facts, (signal, facts) => {
      const other = { ...facts, instances: facts.instances.toReversed(), alarms: facts.alarms.toReversed() };
      const step = (decision: Decision) => ({ ...decision, reason: "" });
      // Two alarms of one name can't be; the generator may make them, and then the first counts.
      const names = new Set(
        facts.alarms.map(({ fleet, kind, dimension }) => `${fleet}:${kind}:${dimension}`),
      );
      fc.pre(names.size === facts.alarms.length);
      assertEquals(step(decide(signal, other)), step(decide(signal, facts)));
    }),
    RUNS,
  );
});

Deno.test("a running instance in service is what decide() counts as serving, unless its stop is under way", () => {
  fc.assert(fc.property(instance("i-1"), (it) => {
    assertEquals(standing(it, undefined) === "serving", inService(it));
    assertNotEquals(standing(it, "stop"), "serving");
  }));
});
