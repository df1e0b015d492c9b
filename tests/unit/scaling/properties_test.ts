/**
 * What holds of every decision over random fleets: the invariants I1, I2, I3 and I8, and R16.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { alarmName, type Recommendation } from "../../../src/scaling/model/alarm.ts";
import { decide, type Decision, looksAtLoad } from "../../../src/scaling/decide.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { exists, inService, lifecycleStatus } from "../../../src/scaling/model/instance.ts";
import { reconcileRecommendation } from "../../../src/scaling/policies/alarms.ts";
import { exhausted, facts, instance, signal } from "./random.ts";

const RUNS = { numRuns: 2_000 };
/** Holds a property against every decision, and makes sure that decisions of the kinds came up often enough to mean it. */
function every(
  kinds: Decision["kind"] | readonly Decision["kind"][],
  holds: (decision: Decision, signal: Recommendation, facts: Observation) => void,
  among: fc.Arbitrary<Observation> = facts,
): void {
  let seen = 0;
  fc.assert(
    fc.property(signal, among, (signal, facts) => {
      const decision = decide(signal, facts);
      if (![kinds].flat().includes(decision.kind)) return;
      seen++;
      holds(decision, signal, facts);
    }),
    RUNS,
  );
  assert(seen > 20, `${kinds} came up ${seen} times only`);
}

const standingIn = (facts: Observation, place: string): string[] =>
  facts.instances
    .filter(({ id, ...rest }) =>
      lifecycleStatus(
        { id, ...rest },
        facts.inProgress.findLast((activity) => activity.instance === id)?.kind,
      ) ===
        place
    )
    .map(({ id }) => id);

/** What takes an instance out of service. */
const OUT_OF_SERVICE = ["stop", "terminate"] as const;

Deno.test("I1: decide() never stops or terminates a base or control instance, nor one in quarantine or of an Auto Scaling group", () => {
  every(OUT_OF_SERVICE, (decision, _, facts) => {
    const target = facts.instances.find(({ id }) => "instance" in decision && id === decision.instance);
    assertEquals(
      [target?.role, target?.state, target?.quarantine, target?.autoScalingGroup],
      ["node", "running", undefined, undefined],
    );
  });
});

Deno.test("I2: decide() never goes below min, and leaves at least one in service", () => {
  every(OUT_OF_SERVICE, (decision, _, facts) => {
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

Deno.test("I2: decide() never launches above max, which counts all of the fleet and what is being launched already", () => {
  every("launch", (decision, _, facts) => {
    const ids = facts.instances.map(({ id }) => id);
    const launching = facts.inProgress.filter(({ kind, instance }) =>
      kind === "launch" && (instance === undefined || !ids.includes(instance))
    );
    const after = facts.instances.filter(exists).length + launching.length + 1;
    assert(after <= (facts.limits.max ?? 0), `${after} after ${decision.reason}`);
  }, exhausted);
});

Deno.test("R4, R6, R11: decide() looks at the load and at other alarms than the one that asks for a step in alone", () => {
  let differ = 0;
  fc.assert(
    fc.property(signal, facts, (signal, facts) => {
      if (signal.kind === "none") return;
      const own = facts.alarms.filter((it) => signal.alarm && alarmName(it) === alarmName(signal.alarm));
      const narrow = decide(signal, { ...facts, alarms: own, cpu: {} });
      const whole = decide(signal, facts);
      if (!looksAtLoad(signal)) assertEquals(narrow, whole);
      else if (JSON.stringify(narrow) !== JSON.stringify(whole)) differ++;
    }),
    RUNS,
  );
  assert(differ > 20, `only ${differ} steps in came out otherwise`);
});

Deno.test("R7: decide() launches only where --grow says so and no node is left to start or to wait for", () => {
  every("launch", (decision, signal, facts) => {
    const { grow: _, ...limits } = facts.limits;
    const without = decide(signal, { ...facts, limits });
    assertEquals([without.kind, without.rules], ["none", ["R7"]], decision.reason);
    assertEquals("template" in decision && decision.template, facts.limits.grow);
  }, exhausted);
});

Deno.test("R7: without --grow nothing that is known of launches changes a decision", () => {
  fc.assert(
    fc.property(signal, facts, (signal, { limits: { grow: _, ...limits }, ...facts }) => {
      const { launchesFail: __, ...history } = facts.history;
      const before = { ...facts, limits };
      assertEquals(decide(signal, before), decide(signal, { ...before, history }));
    }),
    RUNS,
  );
});

Deno.test("R10: --shrink changes what becomes of an instance, and not which or whether", () => {
  every("terminate", (decision, signal, facts) => {
    assertEquals(facts.limits.shrink, "terminate");
    const { shrink: _, ...limits } = facts.limits;
    assertEquals(decide(signal, { ...facts, limits }), { ...decision, kind: "stop" } as Decision);
  }, facts.map((it) => ({ ...it, limits: { ...it.limits, shrink: "terminate" } })));
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
  every(OUT_OF_SERVICE, (_, __, facts) => {
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
      const signal = reconcileRecommendation(facts);
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
    assertEquals(lifecycleStatus(it, undefined) === "serving", inService(it));
    assertNotEquals(lifecycleStatus(it, "stop"), "serving");
  }));
});
