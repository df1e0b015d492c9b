import { assertEquals, assertStringIncludes } from "@std/assert";
import { alertsOf, type AlertView } from "../../../../src/autoscaler/alerts/conditions.ts";
import { decide } from "../../../../src/scaling/decide.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { StartFailure } from "../../../../src/scaling/model/start_event.ts";
import {
  BASE,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  RECONCILE,
  stopped,
  withInstances,
} from "../../scaling/fixtures.ts";

const START_TIMEOUT = 5 * MINUTE;

/** Returns the alerts of a fleet, by name, with their patience. The decision is that of a reconcile. */
function alerts(change: Partial<Observation>, more: Partial<AlertView> = {}): Record<string, number> {
  return Object.fromEntries(conditions(change, more).map(({ name, patience }) => [name, patience]));
}

function conditions(change: Partial<Observation>, more: Partial<AlertView> = {}) {
  const observation = { ...OBSERVATION, ...change };
  return alertsOf({
    now: NOW,
    tuning: { limits: observation.limits, startTimeout: START_TIMEOUT },
    observation,
    decision: decide(RECONCILE, observation),
    observationError: undefined,
    ...more,
  });
}

/** Three failed health checks of an instance, within the last hour. */
function failures(id: string): StartFailure[] {
  return [30, 20, 10].map((minutes) => ({
    what: "unhealthy",
    at: NOW - minutes * MINUTE,
    instance: id,
    reason: "it fails",
  }));
}

const LIMITS = { ...OBSERVATION.limits, min: 3 };

Deno.test("a healthy fleet has no alert, and a fleet that kas has not observed yet has no alert", () => {
  assertEquals(alerts({}), {});
  assertEquals(alerts({}, { observation: undefined, decision: undefined }), {});
});

Deno.test("below-min fires at once if a check holds the restoration of the minimum back, and names the check", () => {
  const paused = { out: { since: NOW, reason: "an upgrade" } };
  const fleet = { limits: LIMITS, instances: [BASE, stopped("n1"), stopped("n2")], paused };
  assertEquals(alerts(fleet), { "below-min": 0 });
  assertStringIncludes(conditions(fleet)[0]?.reason ?? "", "check paused");
  assertStringIncludes(conditions(fleet)[0]?.reason ?? "", "an upgrade");
});

Deno.test("below-min fires after --start-timeout while kas starts instances", () => {
  const starting = { limits: LIMITS, instances: [BASE, stopped("n1"), stopped("n2")] };
  assertEquals(alerts(starting), { "below-min": START_TIMEOUT });
  // If joining instances ended the alert, it would begin again with each start that fails.
  const joining = ["n1", "n2"].map((id) => instance(id, { registration: "out-of-service" }));
  assertEquals(alerts({ limits: LIMITS, instances: [BASE, ...joining] }), { "below-min": START_TIMEOUT });
});

Deno.test("a failing instance counts as serving, until it is unhealthy", () => {
  const fleet = (health: "failing" | "unhealthy") => ({
    limits: LIMITS,
    instances: [BASE, instance("n1"), instance("n2", { registration: "out-of-service", health })],
  });
  assertEquals(alerts(fleet("failing")), {});
  assertEquals(Object.keys(alerts(fleet("unhealthy"))), ["below-min"]);
});

Deno.test("below-min follows the minimum of an open window", () => {
  const windows = [{ name: "day", begins: NOW - 1, ends: NOW + 1, min: 4 }];
  assertEquals(alerts({ windows }), { "below-min": START_TIMEOUT });
});

Deno.test("unhealthy fires for base and control instances, and not for nodes", () => {
  const sick = { registration: "out-of-service", health: "unhealthy" } as const;
  const limits = { ...OBSERVATION.limits, min: 1 };
  const control = instance("c", { role: "control", ...sick });
  assertEquals(alerts({ limits, instances: [BASE, instance("n1", sick)] }), {});
  assertEquals(alerts({ limits, instances: [BASE, control, { ...BASE, ...sick, id: "b2" }] }), {
    unhealthy: 0,
  });
  // An unregistered control instance serves nobody, so that it cannot be unhealthy.
  assertEquals(
    alerts({ limits, instances: [BASE, instance("c", { role: "control", registration: "none" })] }),
    {},
  );
});

Deno.test("quarantine-cap fires while more nodes fail than kas may quarantine", () => {
  const quarantined = failures("n3").map((failure, i): StartFailure =>
    i < 2 ? failure : { ...failure, quarantined: true }
  );
  const failing = failures("n4");
  const starts = [...quarantined, ...failing];
  const history = { ...OBSERVATION.history, starts };
  assertEquals(alerts({ history }), { "quarantine-cap": 0 });
  assertStringIncludes(conditions({ history })[0]?.reason ?? "", "n4");
  assertEquals(alerts({ history, ...withInstances(stopped("n4", { quarantine: "by hand" })) }), {});
  assertEquals(alerts({ history }, { now: NOW + 60 * MINUTE }), {});
  assertEquals(alerts({ history: { ...history, starts: failing.slice(1) } }), {});
});

Deno.test("quarantine-cap fires while a node is unhealthy that kas does not stop, because it stops others", () => {
  const sick = { registration: "out-of-service", health: "unhealthy" } as const;
  const limits = { ...OBSERVATION.limits, min: 0 };
  const fleet = withInstances(instance("n1", sick), instance("n2", sick));
  const inProgress = [{ kind: "stop", instance: "n1", since: NOW, unhealthy: true }] as const;
  assertEquals(alerts({ limits, ...fleet }), {});
  assertEquals(alerts({ limits, ...fleet, inProgress }), { "quarantine-cap": 0 });
  const protectedOne = withInstances(instance("n1", sick), instance("n2", { ...sick, protected: true }));
  assertEquals(alerts({ limits, ...protectedOne, inProgress }), {});
});

Deno.test("cannot-stop fires while a node is unhealthy that EC2 refuses to stop", () => {
  const refusesStop = "it is a Spot instance";
  const limits = { ...OBSERVATION.limits, min: 0 };
  const sick = instance("n1", { registration: "out-of-service", health: "unhealthy", refusesStop });
  assertEquals(alerts({ limits, ...withInstances(sick) }), { "cannot-stop": 0 });
  assertStringIncludes(conditions({ limits, ...withInstances(sick) })[0]?.reason ?? "", refusesStop);
  assertEquals(alerts({ limits, ...withInstances(instance("n1", { refusesStop })) }), {});
});

Deno.test("cannot-observe fires after three intervals between reconciles, but after five minutes at the latest", () => {
  const blind = (resync: number) =>
    alerts({ limits: { ...OBSERVATION.limits, resync } }, { observationError: "EC2 throttles" });
  assertEquals(blind(10_000), { "cannot-observe": 30_000 });
  assertEquals(blind(60 * MINUTE), { "cannot-observe": 5 * MINUTE });
});
