/**
 * Properties that every decision has, tested with random fleets: the invariants I1, I2, I3 and I8, and R16.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { alarmName } from "../../../src/scaling/model/alarm.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import { decide } from "../../../src/scaling/decide.ts";
import { boundsOf } from "../../../src/scaling/model/capacity.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { exists, inService, type Instance, lifecycleStatus } from "../../../src/scaling/model/instance.ts";
import { scopeOf } from "../../../src/scaling/scope.ts";
import { exhausted, instance, observation as observations, trigger as triggers } from "./random.ts";

const RUNS = { numRuns: 2_000 };
/** Checks a property of all decisions of some kinds, and that the random fleets led to enough of these decisions. */
function every(
  kinds: Decision["kind"] | readonly Decision["kind"][],
  holds: (decision: Decision, trigger: Trigger, observation: Observation) => void,
  among: fc.Arbitrary<Observation> = observations,
): void {
  let seen = 0;
  fc.assert(
    fc.property(triggers, among, (trigger, observation) => {
      const decision = decide(trigger, observation);
      if (![kinds].flat().includes(decision.kind)) return;
      seen++;
      holds(decision, trigger, observation);
    }),
    RUNS,
  );
  assert(seen > 20, `${kinds} came up ${seen} times only`);
}

const idsAt = (observation: Observation, place: string): string[] =>
  observation.instances
    .filter(({ id, ...rest }) =>
      lifecycleStatus(
        { id, ...rest },
        observation.inProgress.findLast((activity) => activity.instance === id)?.kind,
      ) ===
        place
    )
    .map(({ id }) => id);

/** The actions that take an instance out of service. */
const OUT_OF_SERVICE = ["stop", "terminate"] as const;

Deno.test("I1: decide() never stops or terminates a base, control, quarantined, detached or Auto Scaling instance, or one that is protected or that EC2 refuses to stop", () => {
  every(OUT_OF_SERVICE, (decision, _, observation) => {
    const target = observation.instances.find(({ id }) => "instance" in decision && id === decision.instance);
    assertEquals(
      [
        target?.role,
        target?.state,
        target?.quarantine,
        target?.autoScalingGroup,
        target?.refusesStop,
        target?.protected,
        target?.detached,
      ],
      ["node", "running", undefined, undefined, undefined, undefined, undefined],
    );
  });
});

Deno.test("R20: decide() takes no action in a paused direction, and otherwise decides as without the pause", () => {
  const directions = fc.subarray(["out", "in"] as const, { minLength: 1 });
  let held = 0;
  fc.assert(
    fc.property(triggers, observations, directions, (trigger, observation, paused) => {
      const pauses = Object.fromEntries(paused.map((direction) => [direction, { since: observation.now }]));
      const decision = decide(trigger, { ...observation, paused: pauses });
      const without = decide(trigger, observation);
      const direction = without.recommendation?.direction;
      if (direction === undefined || !paused.includes(direction)) return assertEquals(decision, without);
      assertEquals(decision.kind, "none");
      if (without.kind !== "none") {
        assertEquals(decision.checks, ["paused"]);
        held++;
      }
    }),
    RUNS,
  );
  assert(held > 20, `only ${held} actions were held back`);
});

Deno.test("I2: decide() never reduces capacity below min, and leaves at least one instance in service", () => {
  every(OUT_OF_SERVICE, (decision, _, observation) => {
    const after = idsAt(observation, "in-service").filter((id) =>
      !("instance" in decision && id === decision.instance)
    ).length;
    assert(after >= Math.max(1, boundsOf(observation).min.value), `${after} after ${decision.reason}`);
  });
});

Deno.test("I2: decide() never increases capacity above max", () => {
  every("start", (decision, _, observation) => {
    const after = idsAt(observation, "in-service").length + idsAt(observation, "joining").length + 1;
    assert(after <= boundsOf(observation).max.value, `${after} after ${decision.reason}`);
  });
});

Deno.test("I2: decide() never launches above max, counting the whole fleet and launches in progress", () => {
  every("launch", (decision, _, observation) => {
    const ids = observation.instances.map(({ id }) => id);
    const launching = observation.inProgress.filter(({ kind, instance }) =>
      kind === "launch" && (instance === undefined || !ids.includes(instance))
    );
    const after = observation.instances.filter(exists).length + launching.length + 1;
    assert(after <= boundsOf(observation).max.value, `${after} after ${decision.reason}`);
  }, exhausted);
});

Deno.test("R4, R6, R11: decide() reads the load and all alarms only if scopeOf() returns everything", () => {
  let differ = 0;
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      const alarm = trigger.kind === "notification" ? trigger.alarm : undefined;
      const own = observation.alarms.filter((it) => alarm && alarmName(it) === alarmName(alarm));
      const narrow = decide(trigger, { ...observation, alarms: own, cpu: {} });
      const whole = decide(trigger, observation);
      if (scopeOf(trigger) !== "everything") assertEquals(narrow, whole);
      else if (JSON.stringify(narrow) !== JSON.stringify(whole)) differ++;
    }),
    RUNS,
  );
  assert(differ > 20, `only ${differ} decisions came out otherwise`);
});

Deno.test("R7: decide() launches an instance only with --grow, and only if it can start no node", () => {
  every("launch", (decision, trigger, observation) => {
    const { grow: _, ...limits } = observation.limits;
    const without = decide(trigger, { ...observation, limits });
    assertEquals([without.kind, without.checks], ["none", ["no-standby"]], decision.reason);
    assertEquals("template" in decision && decision.template, observation.limits.grow);
  }, exhausted);
});

Deno.test("R7: failed launches change no decision without --grow", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, { limits: { grow: _, ...limits }, ...observation }) => {
      const { launchesFail: __, ...history } = observation.history;
      const before = { ...observation, limits };
      assertEquals(decide(trigger, before), decide(trigger, { ...before, history }));
    }),
    RUNS,
  );
});

Deno.test("R10: --shrink replaces the action stop by terminate, and changes nothing else", () => {
  every("terminate", (decision, trigger, observation) => {
    assertEquals(observation.limits.shrink, "terminate");
    const { shrink: _, ...limits } = observation.limits;
    const stops = decide(trigger, { ...observation, limits });
    assertEquals({ ...stops, reason: "" }, { ...decision, kind: "stop", reason: "" } as Decision);
  }, observations.map((it) => ({ ...it, limits: { ...it.limits, shrink: "terminate" } })));
});

Deno.test("I3: decide() starts only nodes that are neither in service nor joining, and each node once", () => {
  every("start", (decision, _, observation) => {
    if (decision.kind !== "start") return;
    const chosen = [decision.instance, ...decision.candidates];
    assertEquals(new Set(chosen).size, chosen.length);
    const taken = new Set([...idsAt(observation, "in-service"), ...idsAt(observation, "joining")]);
    for (const id of chosen) {
      const target = observation.instances.find((instance) => instance.id === id);
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

Deno.test("R4: decide() stops no instance while an alarm of the fleet recommends more capacity, unless the alarm's instance booted recently", () => {
  every(OUT_OF_SERVICE, (_, __, observation) => {
    const { now, limits: { warmup, metricDelay = 0 }, history } = observation;
    const settled = ({ id, launched }: Instance) =>
      [history.inServiceSince[id], launched].every((at = 0) => Math.abs(now - at) >= warmup + metricDelay);
    const serving = new Set(idsAt(observation, "in-service"));
    const ids = new Set(
      observation.instances.filter((it) => serving.has(it.id) && settled(it)).map(({ id }) => id),
    );
    assert(
      !observation.alarms.some(({ fleet, kind, dimension, state }) =>
        state === "ALARM" && fleet === "kas" &&
        (kind === "reqcount" || (kind === "cpuhigh" && ids.has(dimension)))
      ),
    );
  });
});

Deno.test("I8: decide() always returns a decision with a reason, and names the check that holds a recommendation back", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      const decision = decide(trigger, observation);
      assertNotEquals(decision.reason.trim(), "");
      const held = decision.kind === "none" && decision.recommendation !== undefined;
      assertEquals(decision.checks.length, held ? 1 : 0);
    }),
    RUNS,
  );
});

Deno.test("I8: without an observation, decide() takes no action and gives a reason", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, { now, processed }) => {
      const unobserved = { kind: "unobserved", now, ...(processed ? { processed } : {}) } as const;
      const decision = decide(trigger, unobserved);
      assertEquals(decision.kind, "none");
      assertNotEquals(decision.reason.trim(), "");
      const overtaken = decision.recommendation !== undefined;
      assertEquals(decision.checks, overtaken ? ["not-newest"] : []);
    }),
    RUNS,
  );
});

Deno.test("R11: if scopeOf() returns nothing, decide() takes no action even with an observation", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      if (scopeOf(trigger, observation.processed) !== "nothing") return;
      assertEquals(decide(trigger, observation).kind, "none");
    }),
    RUNS,
  );
});

Deno.test("R16: decide() makes the same decision from recorded JSON, and does not modify its arguments", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      const [triggerText, observationText] = [JSON.stringify(trigger), JSON.stringify(observation)];
      const first = JSON.stringify(decide(trigger, observation));
      assertEquals(JSON.stringify(decide(JSON.parse(triggerText), JSON.parse(observationText))), first);
      assertEquals([JSON.stringify(trigger), JSON.stringify(observation)], [triggerText, observationText]);
    }),
    RUNS,
  );
});

Deno.test("R16: the decision of decide() does not depend on the order in which AWS lists instances and alarms", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      const other = {
        ...observation,
        instances: observation.instances.toReversed(),
        alarms: observation.alarms.toReversed(),
      };
      const action = (decision: Decision) => ({ ...decision, reason: "" });
      // The generator may create two alarms with the same name, which CloudWatch never has. Keep the first.
      const names = new Set(
        observation.alarms.map(({ fleet, kind, dimension }) => `${fleet}:${kind}:${dimension}`),
      );
      fc.pre(names.size === observation.alarms.length);
      assertEquals(action(decide(trigger, other)), action(decide(trigger, observation)));
    }),
    RUNS,
  );
});

Deno.test("lifecycleStatus() is in-service for a running instance in service, unless its stop is in progress", () => {
  fc.assert(fc.property(instance("i-1"), (it) => {
    assertEquals(lifecycleStatus(it, undefined) === "in-service", inService(it));
    assertNotEquals(lifecycleStatus(it, "stop"), "in-service");
  }));
});
