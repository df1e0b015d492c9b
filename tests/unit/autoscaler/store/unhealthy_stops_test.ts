import { assertEquals } from "@std/assert";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import type { Action } from "../../../../src/scaling/model/decision.ts";
import { begin, decisionOf } from "../../../support/decisions.ts";
import { MINUTE, NOW, OBSERVATION } from "../../scaling/fixtures.ts";

const UNHEALTHY: Action = { kind: "stop", instance: "n1", unhealthy: true };

/** Records a decision with one action some time after NOW. Returns its activity. */
function decided(journal: Journal, action: Action, after = 0) {
  return begin(journal, {
    trigger: { kind: "reconcile" },
    observation: { ...OBSERVATION, now: NOW + after },
    decision: decisionOf(action),
    dryRun: false,
  });
}

Deno.test("the journal records that an activity stops an unhealthy instance, also over a restart (R21)", () => {
  using store = Store.memory();
  assertEquals(decided(new Journal(store), UNHEALTHY).unhealthy, true);
  const journal = new Journal(store);
  assertEquals(journal.unfinished().map(({ unhealthy }) => unhealthy), [true]);
  const stopping = { kind: "stop", instance: "n1", since: NOW, unhealthy: true };
  assertEquals([journal.inProgress(), journal.leaving()], [[stopping], [stopping]] as never);
});

Deno.test("the journal does not mark the stop of a healthy instance as the stop of an unhealthy one (R21)", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  decided(journal, { kind: "stop", instance: "n1" });
  assertEquals(journal.inProgress(), [{ kind: "stop", instance: "n1", since: NOW }]);
});

for (const kind of ["stop", "terminate"] as const) {
  Deno.test(`the ${kind} of an unhealthy instance begins no cooldown (R5, R21)`, () => {
    using store = Store.memory();
    const journal = new Journal(store);
    decided(journal, { kind, instance: "n1", unhealthy: true });
    assertEquals(journal.history(NOW).lastIn, undefined);
    decided(journal, { kind, instance: "n2" }, MINUTE);
    decided(journal, { kind, instance: "n3", unhealthy: true }, 2 * MINUTE);
    assertEquals(journal.history(NOW).lastIn, NOW + MINUTE);
  });
}

Deno.test("of two scale-ins, the one that began first does not count the other one as leaving (R10)", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  const [first, second] = ["n1", "n2"].map((instance) => decided(journal, { kind: "stop", instance }));
  const leaving = (until?: number) => journal.leaving(until).map(({ instance }) => instance);
  assertEquals(leaving(), ["n1", "n2"]);
  assertEquals([leaving(first?.id), leaving(second?.id)], [["n1"], ["n1", "n2"]]);
});

Deno.test("a start that kas rolls back counts as leaving, whichever scale-in asks (R9, R10)", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  const stop = decided(journal, { kind: "stop", instance: "n1" });
  const start = decided(journal, { kind: "start", instance: "n3", candidates: [], by: "start" });
  journal.dropCandidate({ ...start, instance: "n3" }, { reason: "", quarantine: false }, true, NOW);
  assertEquals(new Set(journal.leaving(stop.id).map(({ instance }) => instance)), new Set(["n1", "n3"]));
});
