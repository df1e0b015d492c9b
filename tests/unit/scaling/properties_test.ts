/**
 * Properties that every decision has, tested with random fleets: the invariants I1, I2, I3 and I8, and R16.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { alarmName } from "../../../src/scaling/model/alarm.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { DIRECTION } from "../../../src/scaling/model/activity.ts";
import { type Action, type Decision, instanceOf } from "../../../src/scaling/model/decision.ts";
import { decide } from "../../../src/scaling/decide.ts";
import { boundsOf, capacityOf } from "../../../src/scaling/model/capacity.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { exists, inService, type Instance, lifecycleStatus } from "../../../src/scaling/model/instance.ts";
import { changeOf } from "../../../src/scaling/plan.ts";
import { scopeOf } from "../../../src/scaling/scope.ts";
import { exhausted, instance, observation as observations, trigger as triggers } from "./random.ts";

const RUNS = { numRuns: 2_000 };

type ActionKind = Action["kind"];

/** Checks a property of all decisions with actions of some kinds, and that the random fleets led to enough of these decisions. */
function every(
  kinds: ActionKind | readonly ActionKind[],
  holds: (actions: readonly Action[], decision: Decision, trigger: Trigger, observation: Observation) => void,
  among: fc.Arbitrary<Observation> = observations,
): void {
  let seen = 0;
  fc.assert(
    fc.property(triggers, among, (trigger, observation) => {
      const decision = decide(trigger, observation);
      const actions = decision.actions.filter(({ kind }) => [kinds].flat().includes(kind));
      if (actions.length === 0) return;
      seen++;
      holds(actions, decision, trigger, observation);
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

/** Returns the ids of the instances that serve when the stops have succeeded. */
function servingAfter(stops: readonly Action[], observation: Observation): string[] {
  const stopped = new Set(stops.map(instanceOf));
  return idsAt(observation, "in-service").filter((id) => !stopped.has(id));
}

/** Returns the stops of instances that serve. The others stop an unhealthy instance, or cancel a start. */
function stopsOfServing(actions: readonly Action[], observation: Observation): readonly Action[] {
  const serving = new Set(idsAt(observation, "in-service"));
  return actions.filter((action) => serving.has(instanceOf(action) ?? ""));
}

Deno.test("I1: decide() never stops or terminates a base, control, quarantined, detached or Auto Scaling instance, or one that is protected or that EC2 refuses to stop", () => {
  every(OUT_OF_SERVICE, (stops, _, __, observation) => {
    const joining = new Set(idsAt(observation, "joining"));
    for (const stop of stops) {
      const target = observation.instances.find(({ id }) => id === instanceOf(stop));
      assertEquals(
        [
          target?.role,
          // kas also cancels the start of an instance in the place of one that serves again.
          joining.has(target?.id ?? "") ? "running" : target?.state,
          target?.quarantine,
          target?.autoScalingGroup,
          target?.refusesStop,
          target?.protected,
          target?.detached,
        ],
        ["node", "running", undefined, undefined, undefined, undefined, undefined],
      );
    }
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
      assert(decision.actions.every(({ kind }) => !paused.includes(DIRECTION[kind])));
      const asked = without.recommendations.map(({ direction }) => direction);
      if (!asked.some((direction) => paused.includes(direction))) return assertEquals(decision, without);
      if (without.actions.some(({ kind }) => paused.includes(DIRECTION[kind]))) {
        assert(decision.checks.includes("paused"), decision.reason);
        held++;
      }
    }),
    RUNS,
  );
  assert(held > 20, `only ${held} actions were held back`);
});

Deno.test("I2: decide() never reduces capacity below min, and leaves at least one instance in service", () => {
  every(OUT_OF_SERVICE, (stops, { reason }, _, observation) => {
    if (stopsOfServing(stops, observation).length === 0) return;
    const after = servingAfter(stops, observation).length;
    assert(after >= Math.max(1, boundsOf(observation).min.value), `${after} after ${reason}`);
  });
});

Deno.test("I2: decide() never increases capacity above max", () => {
  every("start", (starts, { reason }, _, observation) => {
    const after = capacityOf(observation).current + starts.length;
    assert(after <= boundsOf(observation).max.value, `${after} after ${reason}`);
  });
});

Deno.test("I2: decide() never launches above max, counting the whole fleet and launches in progress", () => {
  every("launch", (launches, { reason }, _, observation) => {
    const ids = observation.instances.map(({ id }) => id);
    const inProgress = observation.inProgress.filter(({ kind, instance }) =>
      kind === "launch" && (instance === undefined || !ids.includes(instance))
    );
    const after = observation.instances.filter(exists).length + inProgress.length + launches.length;
    assert(after <= boundsOf(observation).max.value, `${after} after ${reason}`);
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
  every("launch", (launches, decision, trigger, observation) => {
    const { grow: _, ...limits } = observation.limits;
    const without = decide(trigger, { ...observation, limits });
    const starts = ({ actions }: Decision) => actions.filter(({ kind }) => kind === "start").map(instanceOf);
    assertEquals([starts(without), without.checks[0]], [starts(decision), "no-standby"], decision.reason);
    for (const launch of launches) {
      assertEquals("template" in launch && launch.template, observation.limits.grow);
    }
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
  every("terminate", (_, decision, trigger, observation) => {
    assertEquals(observation.limits.shrink, "terminate");
    const { shrink: __, ...limits } = observation.limits;
    const stops = decide(trigger, { ...observation, limits });
    const actions = decision.actions.map((
      it,
    ) => (it.kind === "terminate" ? { ...it, kind: "stop" as const } : it));
    assertEquals({ ...stops, reason: "" }, { ...decision, actions, reason: "" });
  }, observations.map((it) => ({ ...it, limits: { ...it.limits, shrink: "terminate" } })));
});

Deno.test("I3: decide() starts only nodes that are neither in service nor joining, and each node once", () => {
  every("start", (starts, _, __, observation) => {
    const ids = starts.map(instanceOf);
    assertEquals(new Set(ids).size, ids.length);
    const taken = new Set([...idsAt(observation, "in-service"), ...idsAt(observation, "joining")]);
    for (const start of starts) {
      const candidates = start.kind === "start" ? start.candidates : [];
      assertEquals(new Set(candidates).size, candidates.length);
      assertEquals(candidates.filter((id) => ids.includes(id)), [], "another start of the decision uses it");
      for (const id of [instanceOf(start), ...candidates]) {
        const target = observation.instances.find((instance) => instance.id === id);
        assertEquals([target?.role, target?.quarantine, target?.autoScalingGroup, target?.detached], [
          "node",
          undefined,
          undefined,
          undefined,
        ]);
        assert(id !== undefined && !taken.has(id), `${id} is taken`);
        assert(target !== undefined && exists(target));
      }
    }
  });
});

Deno.test("R4: decide() stops no instance while an alarm of a fleet with the policy alarms recommends more capacity, unless the alarm's instance booted recently", () => {
  every(OUT_OF_SERVICE, (stops, _, __, observation) => {
    if (stopsOfServing(stops, observation).length === 0) return;
    const { now, limits: { warmup, metricDelay = 0, policies }, history } = observation;
    if (policies?.every(({ type }) => type !== "alarms")) return;
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
      const { actions, recommendations, checks } = decision;
      const asked = recommendations.reduce((sum, { count = 1 }) => sum + count, 0);
      assertEquals(checks.length > 0, actions.length < asked, decision.reason);
      assert(actions.length <= asked && checks.length <= 2);
    }),
    RUNS,
  );
});

Deno.test("I8: without an observation, decide() takes no action and gives a reason", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, { now, processed }) => {
      const unobserved = { kind: "unobserved", now, ...(processed ? { processed } : {}) } as const;
      const decision = decide(trigger, unobserved);
      assertEquals(decision.actions, []);
      assertNotEquals(decision.reason.trim(), "");
      const overtaken = decision.recommendations.length > 0;
      assertEquals(decision.checks, overtaken ? ["not-newest"] : []);
    }),
    RUNS,
  );
});

Deno.test("R11: if scopeOf() returns nothing, decide() takes no action even with an observation", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      if (scopeOf(trigger, observation.processed) !== "nothing") return;
      assertEquals(decide(trigger, observation).actions, []);
    }),
    RUNS,
  );
});

Deno.test("R3: the desired capacity of decide() is the present one, changed by the actions", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      const { desired, actions } = decide(trigger, observation);
      assertEquals(
        desired,
        capacityOf(observation).current + actions.reduce((sum, it) => sum + changeOf(it), 0),
      );
    }),
    RUNS,
  );
});

Deno.test("R1: a notification changes the capacity by at most one instance", () => {
  fc.assert(
    fc.property(triggers, observations, (trigger, observation) => {
      if (trigger.kind === "notification") assert(decide(trigger, observation).actions.length <= 1);
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

Deno.test("lifecycleStatus() is in-service for a running instance in service, unless it fails or its stop is in progress", () => {
  fc.assert(fc.property(instance("i-1"), (it) => {
    const fails = it.health !== undefined && it.quarantine === undefined;
    assertEquals(lifecycleStatus(it, undefined) === "in-service", inService(it) && !fails);
    assertNotEquals(lifecycleStatus(it, "stop"), "in-service");
  }));
});
