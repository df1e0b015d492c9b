/**
 * Properties of the restoration of the minimum and of the stops of unhealthy nodes, tested with random fleets: I9, R21.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decide } from "../../../src/scaling/decide.ts";
import { boundsOf, capacityOf } from "../../../src/scaling/model/capacity.ts";
import { instanceOf } from "../../../src/scaling/model/decision.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { RECONCILE } from "./fixtures.ts";
import { observation as observations } from "./random.ts";

const RUNS = { numRuns: 4_000 };

/** Whether a node is stopped, and nothing keeps kas from starting it. */
function canStart({ instances, inProgress, history: { starts = [] } }: Observation): boolean {
  return starts.length === 0 &&
    instances.some((it) =>
      it.role === "node" && it.state === "stopped" && it.quarantine === undefined && !it.detached &&
      it.autoScalingGroup === undefined && !inProgress.some(({ instance }) => instance === it.id)
    );
}

/** Checks a property of the decisions of reconciles of fleets below their minimum. */
function belowMin(holds: (observation: Observation, missing: number) => void): void {
  let seen = 0;
  fc.assert(
    fc.property(observations, (observation) => {
      const missing = boundsOf(observation).min.value - capacityOf(observation).current;
      if (missing <= 0) return;
      seen++;
      holds(observation, missing);
    }),
    RUNS,
  );
  assert(seen > 100, `only ${seen} fleets were below their minimum`);
}

Deno.test("I9: a reconcile of a fleet below min starts a node if one is ready, whatever the alarms, the load and the cooldowns say", () => {
  belowMin((observation) => {
    if (!canStart(observation)) return;
    const { actions, reason } = decide(RECONCILE, observation);
    assert(actions.some(({ kind }) => kind === "start"), reason);
  });
});

Deno.test("I9: a reconcile of a fleet below min plans to reach min, or names the check that holds it back", () => {
  belowMin((observation, missing) => {
    const { desired = 0, checks, reason } = decide(RECONCILE, observation);
    if (desired >= capacityOf(observation).current + missing) return;
    assert(checks.some((check) => check === "no-standby" || check === "max-capacity"), reason);
  });
});

Deno.test("I9: while scaling out is paused, a reconcile of a fleet below min starts nothing", () => {
  belowMin((observation) => {
    const paused = { out: { since: observation.now } };
    const { actions, checks } = decide(RECONCILE, { ...observation, paused });
    assertEquals([actions.filter(({ kind }) => kind === "start" || kind === "launch"), checks[0]], [
      [],
      "paused",
    ]);
  });
});

Deno.test("R21: a reconcile stops no more unhealthy nodes than a third of the nodes, and none that serves", () => {
  let seen = 0;
  fc.assert(
    fc.property(observations, (observation) => {
      const stops = decide(RECONCILE, observation).actions.filter((action) => "unhealthy" in action);
      if (stops.length === 0) return;
      seen++;
      const nodes = observation.instances.filter(({ role, state }) =>
        role === "node" && state !== "shutting-down" && state !== "terminated"
      );
      assert(stops.length <= Math.max(1, Math.floor(nodes.length / 3)), `${stops.length} stops`);
      const healths = observation.instances.filter(({ id }) => stops.some((stop) => instanceOf(stop) === id))
        .map(({ health }) => health);
      assertEquals(healths, healths.map(() => "unhealthy"));
    }),
    RUNS,
  );
  assert(seen > 20, `only ${seen} decisions stop unhealthy nodes`);
});
