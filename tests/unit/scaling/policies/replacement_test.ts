import { assertEquals } from "@std/assert";
import { decide } from "../../../../src/scaling/decide.ts";
import type { Instance } from "../../../../src/scaling/model/instance.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { checks, history, inProgress, limits, lost, operator, unhealthy } from "../cases.ts";
import {
  BASE,
  HOUR,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  OUT,
  RECONCILE,
  stopped,
  withInstances,
} from "../fixtures.ts";

const IMPAIRED = "EC2 reports an impaired instance";

/** Returns a fleet of a base instance and others. */
function fleet(...others: readonly Instance[]): Pick<Observation, "instances"> {
  return { instances: [BASE, ...others] };
}

/** Returns the stops of unhealthy nodes, and the checks that hold actions back. */
function stops(observation: Partial<Observation>) {
  const { actions, checks } = decide(RECONCILE, { ...OBSERVATION, ...observation });
  return {
    stops: actions.flatMap((action) => "unhealthy" in action ? [action.instance] : []),
    held: checks.join(" "),
  };
}

checks("R21", [
  {
    name: "starts another node first, and keeps the unhealthy one running",
    trigger: RECONCILE,
    observation: { ...withInstances(unhealthy("n1")), ...lost("n1") },
    expected: { start: "n3" },
  },
  {
    name: "keeps the unhealthy node running while its replacement joins",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3 }),
      ...withInstances(unhealthy("n1")),
      ...inProgress(["start", "n3"]),
    },
    expected: { none: "" },
  },
  {
    name: "stops an unhealthy node when another one serves in its place",
    trigger: RECONCILE,
    observation: { ...limits({ min: 3 }), ...withInstances(unhealthy("n1"), instance("n3")) },
    expected: { stop: "n1" },
    numbers: [180],
  },
  {
    name: "terminates an unhealthy node with --shrink terminate",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3, shrink: "terminate" }),
      ...withInstances(unhealthy("n1"), instance("n3")),
    },
    expected: { terminate: "n1" },
  },
  {
    name: "stops an unhealthy node without which the fleet has what it wants",
    trigger: RECONCILE,
    observation: withInstances(unhealthy("n1")),
    expected: { stop: "n1" },
  },
  {
    name: "stops an impaired node that serves when another one serves in its place",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3 }),
      ...withInstances(unhealthy("n1", { registration: "in-service", impaired: IMPAIRED }), instance("n3")),
    },
    expected: { stop: "n1" },
  },
  {
    name: "does not count a failing instance as one that serves in the place of an unhealthy node",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3 }),
      ...withInstances(
        unhealthy("n1"),
        instance("n3", { registration: "out-of-service", health: "failing", failingSince: NOW - MINUTE }),
      ),
    },
    expected: { none: "" },
  },
  {
    name:
      "does not stop a node whose replacement does not serve yet because a base instance is unhealthy too",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3 }),
      ...withInstances(unhealthy("base", { role: "base" }), unhealthy("n1"), instance("n3")),
      ...inProgress(["start", "n4"]),
    },
    expected: { none: "" },
  },
  {
    name: "stops no unhealthy node for a notification",
    trigger: OUT,
    observation: withInstances(unhealthy("n2")),
    expected: { start: "n4" },
  },
  {
    name: "stops no unhealthy node for an operator's command",
    trigger: operator("out"),
    observation: withInstances(unhealthy("n1")),
    expected: { start: "n3" },
  },
  {
    name: "waits neither for the cooldown nor for the load of the others to stop an unhealthy node",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3, cooldownIn: HOUR, resync: HOUR }),
      ...withInstances(unhealthy("n1"), instance("n3", { launched: NOW - 1_000 })),
      ...history({ lastIn: NOW - 1_000, lastOut: NOW - 1_000, capacityChanged: NOW }),
      cpu: {},
    },
    expected: { stop: "n1" },
  },
  {
    name: "stops no unhealthy node while an operator has paused scaling in",
    trigger: RECONCILE,
    observation: {
      ...limits({ min: 3 }),
      ...withInstances(unhealthy("n1"), instance("n3")),
      paused: { in: { since: NOW } },
    },
    expected: { none: "paused" },
  },
  {
    name: "replaces an unhealthy node while an operator has paused scaling in",
    trigger: RECONCILE,
    observation: {
      ...withInstances(unhealthy("n1")),
      ...lost("n1"),
      paused: { in: { since: NOW } },
    },
    expected: { start: "n3" },
  },
]);

for (
  const [what, more] of [
    ["a base instance", { role: "base" }],
    ["a control instance", { role: "control" }],
    ["a protected node", { protected: true }],
    ["a node in an Auto Scaling group", { autoScalingGroup: "web" }],
    ["a detached node", { detached: true }],
    ["a quarantined node", { quarantine: "failed three times" }],
    ["a node that EC2 refuses to stop", { refusesStop: "it has stop protection" }],
  ] as const
) {
  Deno.test(`R21: kas does not stop ${what} that is unhealthy`, () => {
    const observation = { ...limits({ min: 1 }), ...fleet(unhealthy("n1", more), instance("n2")) };
    assertEquals(stops(observation), { stops: [], held: "" });
  });
}

Deno.test("R21: kas stops the node first that has been failing longest", () => {
  const since = (minutes: number) => ({ failingSince: NOW - minutes * MINUTE });
  const nodes = [unhealthy("n1", since(3)), unhealthy("n2", since(9)), unhealthy("n3", since(5))];
  const others = ["n4", "n5", "n6"].map((id) => instance(id));
  const observation = { ...limits({ min: 4 }), ...fleet(...nodes, ...others) };
  assertEquals(stops(observation), { stops: ["n2", "n3"], held: "cap" });
});

Deno.test("R21: kas stops as many unhealthy nodes as there are instances that serve in their place", () => {
  const others = ["n3", "n4", "n5", "n6", "n7"].map((id) => instance(id));
  const serving = {
    ...fleet(unhealthy("n1"), unhealthy("n2"), ...others, stopped("n8")),
    ...inProgress(["start", "n8"]),
  };
  assertEquals(stops({ ...serving, ...limits({ min: 8 }) }).stops, []);
  assertEquals(stops({ ...serving, ...limits({ min: 7 }) }).stops, ["n1"]);
  assertEquals(stops({ ...serving, inProgress: [] }).stops, ["n1", "n2"]);
});

const ALONE = { ...limits({ min: 2 }), ...lost("n1"), ...fleet(unhealthy("n1")) };

Deno.test("R21: if no other node can start, kas stops the unhealthy node to start it again", () => {
  assertEquals(stops(ALONE), { stops: ["n1"], held: "no-standby" });
  const quarantined = fleet(unhealthy("n1"), stopped("n2", { quarantine: "failed three times" }));
  assertEquals(stops({ ...ALONE, ...quarantined }).stops, ["n1"]);
  const launch = limits({ min: 2, max: 2, grow: "kas-node" });
  assertEquals(stops({ ...ALONE, ...launch }), { stops: ["n1"], held: "max-capacity" });
});

for (
  const [why, more] of [
    ["another node starts", fleet(unhealthy("n1"), stopped("n2"))],
    ["another node will start after a pause", {
      ...fleet(unhealthy("n1"), stopped("n2")),
      history: {
        ...ALONE.history,
        starts: [{ what: "slow", at: NOW - 5_000, instance: "n2", reason: "" }],
      },
    }],
    ["a launch will follow after a pause", {
      ...limits({ min: 2, max: 3, grow: "kas-node" }),
      history: { ...ALONE.history, launchesFail: { since: NOW - 5_000, last: NOW - 5_000 } },
    }],
    ["a launch replaces it", limits({ min: 2, max: 3, grow: "kas-node" })],
    ["an operator has paused scaling out", { paused: { out: { since: NOW } } }],
  ] as const
) {
  Deno.test(`R21: kas keeps an unhealthy node running that no other node replaces yet if ${why}`, () => {
    assertEquals(stops({ ...ALONE, ...more }).stops, []);
  });
}

Deno.test("R21: while no instance is in service, kas stops one unhealthy node at a time", () => {
  const nodes = ["n1", "n2", "n3", "n4", "n5", "n6"].map((id) => unhealthy(id));
  const instances = [unhealthy("base", { role: "base" }), ...nodes];
  for (const min of [1, 3, 7]) {
    const observation = { ...limits({ min }), ...lost("n1"), instances };
    assertEquals(stops(observation).stops, ["n1"], `min ${min}`);
    const draining = unhealthy("n1", { registration: "draining" });
    const stopping = {
      ...observation,
      ...lost("n1", "n2"),
      instances: instances.map((it) => it.id === "n1" ? draining : it),
      inProgress: [{ kind: "stop", instance: "n1", since: NOW, unhealthy: true } as const],
    };
    assertEquals(stops(stopping).stops, [], `min ${min}, n1 is stopping`);
  }
});
