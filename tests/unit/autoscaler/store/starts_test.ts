import { assertEquals } from "@std/assert";
import type { Activity, PlacedActivity } from "../../../../src/autoscaler/store/activities.ts";
import { Journal } from "../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { beginAt, decisionOf, starting } from "../../../support/decisions.ts";
import { HOUR, MINUTE, NOW, OBSERVATION } from "../../scaling/fixtures.ts";

const signal = new AbortController().signal;

/** Records a decision to start n3. */
function start(journal: Journal): PlacedActivity {
  return beginAt(journal, {
    trigger: { kind: "operator", direction: "out" },
    observation: OBSERVATION,
    decision: decisionOf(starting("n3", ["n4"])),
    dryRun: false,
  });
}

async function runs(journal: Journal, { id }: Activity, instance: string, at: number): Promise<void> {
  await journal.step(id, instance, "running", { now: () => at, signal, take: () => Promise.resolve() });
}

Deno.test("Journal.history() contains the starts of the last three hours since the first failure, in order (R18)", async () => {
  using store = Store.memory();
  const journal = new Journal(store);
  const activity = start(journal);
  await runs(journal, activity, "n1", NOW - MINUTE);
  assertEquals(journal.history(NOW).starts, undefined);
  const cause = { reason: "no capacity in a", quarantine: false, fault: "no-capacity" } as const;
  journal.dropCandidate(activity, cause, false, NOW);
  await runs(journal, activity, "n4", NOW + MINUTE);
  const starts = [
    { what: "no-capacity", at: NOW, instance: "n3", reason: "no capacity in a" },
    { what: "running", at: NOW + MINUTE, instance: "n4" },
  ] as const;
  assertEquals(journal.history(NOW + 2 * MINUTE).starts, starts);
  // Somebody has set the clock back.
  assertEquals(journal.history(NOW - HOUR).starts, starts);
  assertEquals(journal.history(NOW + 3 * HOUR + 1).starts, undefined);
});

Deno.test("Journal.history() omits a failed start that causes no pause", () => {
  using store = Store.memory();
  const journal = new Journal(store);
  journal.dropCandidate(
    start(journal),
    { reason: "i-1 is now a base instance", quarantine: false },
    false,
    NOW,
  );
  assertEquals(journal.history(NOW).starts, undefined);
});

Deno.test("Journal.cancelledStart() returns the last start of an instance if kas cancelled it, and when kas registered the instance", async () => {
  using store = Store.memory();
  const journal = new Journal(store);
  const register = (activity: PlacedActivity, at: number) =>
    journal.step(activity.id, "n3", "registered", {
      now: () => at,
      signal,
      take: () => Promise.resolve(),
    });
  const first = start(journal);
  await register(first, NOW);
  assertEquals(journal.cancelledStart("n3"), undefined);
  journal.end(first, "cancelled", "not needed", NOW + 1);
  assertEquals(journal.cancelledStart("n3"), { registered: NOW });
  const second = start(journal);
  assertEquals(journal.cancelledStart("n3"), undefined);
  journal.end(second, "cancelled", "not needed", NOW + MINUTE + 1);
  assertEquals([journal.cancelledStart("n3"), journal.cancelledStart("n4")], [{}, undefined]);
});
