import { assertEquals } from "@std/assert";
import { decide } from "../../../../src/scaling/decide.ts";
import type { ActivityInProgress } from "../../../../src/scaling/model/activity.ts";
import type { Instance } from "../../../../src/scaling/model/instance.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { history, limits, lost, unhealthy } from "../cases.ts";
import { BASE, HOUR, instance, MINUTE, NOW, OBSERVATION, RECONCILE, stopped } from "../fixtures.ts";

/** Returns a fleet of `nodes` nodes, of which `sick` are unhealthy. The fleet can do without all of them. */
function fleet(nodes: number, sick: number, ...more: readonly Instance[]): Pick<Observation, "instances"> {
  const made = Array.from({ length: nodes }, (_, i) => i < sick ? unhealthy(`n${i}`) : stopped(`n${i}`));
  return { instances: [BASE, ...made, ...more] };
}

/** Returns how many unhealthy nodes a reconcile stops, and the check that holds others back. */
function stops(observation: Partial<Observation>): [number, string] {
  const { actions, checks } = decide(RECONCILE, { ...OBSERVATION, ...observation });
  return [actions.filter((action) => "unhealthy" in action).length, checks.join(" ")];
}

/** Returns a quarantine some time ago. */
function quarantined(id: string, ago: number): Pick<Observation, "history"> {
  return history({
    starts: [{ what: "unhealthy", at: NOW - ago, instance: id, reason: "", quarantined: true }],
  });
}

/** The stops of unhealthy nodes in progress. */
function stopping(...ids: readonly string[]): Pick<Observation, "inProgress"> {
  return {
    inProgress: ids.map((instance): ActivityInProgress => ({
      kind: "stop",
      instance,
      since: NOW - MINUTE,
      unhealthy: true,
    })),
  };
}

Deno.test("R21: kas stops a third of the nodes at once because they are unhealthy, and at least one", () => {
  for (const [nodes, most] of [[1, 1], [2, 1], [5, 1], [6, 2], [9, 3]] as const) {
    const held = most === nodes ? "" : "cap";
    assertEquals(stops(fleet(nodes, nodes)), [most, held], `${nodes} nodes`);
  }
});

Deno.test("R21: all unhealthy nodes stop if they are few enough", () => {
  assertEquals(stops(fleet(6, 2)), [2, ""]);
});

Deno.test("R21: base and control instances, and terminated nodes, do not count as nodes of which a third may stop", () => {
  const others = [
    instance("base2", { role: "base" }),
    instance("control", { role: "control" }),
    instance("gone", { state: "terminated", registration: "none" }),
  ];
  assertEquals(stops(fleet(5, 3, ...others)), [1, "cap"]);
});

Deno.test("R21: stops of unhealthy nodes in progress count, other stops do not", () => {
  assertEquals(stops({ ...fleet(9, 9), ...stopping("n8") }), [2, "cap"]);
  assertEquals(stops({ ...fleet(9, 9), ...stopping("n6", "n7", "n8") }), [0, "cap"]);
  const other = { inProgress: [{ kind: "stop", instance: "n8", since: NOW - MINUTE }] } as const;
  assertEquals(stops({ ...fleet(9, 9), ...other }), [3, "cap"]);
});

Deno.test("R21: a node that kas quarantined within an hour counts", () => {
  assertEquals(stops({ ...fleet(6, 3), ...quarantined("n5", HOUR - 1_000) }), [1, "cap"]);
  assertEquals(stops({ ...fleet(6, 3), ...quarantined("n5", HOUR) }), [2, "cap"]);
});

Deno.test("R21: a node that kas stops and quarantines counts once", () => {
  assertEquals(stops({ ...fleet(6, 3), ...quarantined("n2", 1_000), ...stopping("n2") }), [1, "cap"]);
});

Deno.test("R21: the check cap does not hold back a start that replaces an unhealthy node", () => {
  const sick = ["n1", "n2", "n3"].map((id) => unhealthy(id));
  const standby = ["n4", "n5", "n6"].map((id) => stopped(id));
  const observation = {
    ...OBSERVATION,
    ...limits({ min: 4 }),
    ...lost("n1", "n2", "n3"),
    ...stopping("n8", "n9"),
    instances: [BASE, ...sick, ...standby],
  };
  const { actions } = decide(RECONCILE, observation);
  assertEquals(actions.map(({ kind }) => kind), ["start", "start", "start"]);
});

Deno.test("R21: the reason of the check cap names how many nodes kas is stopping, and the largest number that it allows", () => {
  const { reason } = decide(RECONCILE, { ...OBSERVATION, ...fleet(9, 9), ...stopping("n6", "n7", "n8") });
  assertEquals(/\b3\b.*\b3\b/.test(reason), true, reason);
});
