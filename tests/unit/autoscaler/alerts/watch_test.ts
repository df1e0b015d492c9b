import { assertEquals } from "@std/assert";
import type { AlertChange } from "../../../../src/autoscaler/alerts/alert.ts";
import { AlertStore } from "../../../../src/autoscaler/alerts/alert_store.ts";
import type { AlertView } from "../../../../src/autoscaler/alerts/conditions.ts";
import { AlertWatch } from "../../../../src/autoscaler/alerts/watch.ts";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { MINUTE, NOW, OBSERVATION } from "../../scaling/fixtures.ts";

/** A watch whose view a test changes. The patience of `cannot-observe` is three minutes. */
function watched(store: Store = Store.memory()) {
  const changes: AlertChange[] = [];
  const time = { now: NOW, elapsed: 0 };
  const clock = { now: () => time.now, elapsed: () => time.elapsed, sleep: () => Promise.resolve() };
  const watch = new AlertWatch(clock, new AlertStore(store), (change) => changes.push(change));
  const view: AlertView = {
    now: NOW,
    tuning: { limits: OBSERVATION.limits, startTimeout: 5 * MINUTE },
    observation: OBSERVATION,
    decision: undefined,
    observationError: undefined,
  };
  return {
    changes,
    watch,
    time,
    /** Lets time pass, and evaluates the conditions. `resync` changes the patience of `cannot-observe`. */
    look: (
      ms: number,
      observationError: string | undefined,
      resync = MINUTE,
      more: Partial<AlertView> = {},
    ) => {
      time.now += ms;
      time.elapsed += ms;
      watch.look({
        ...view,
        tuning: { ...view.tuning, limits: { ...OBSERVATION.limits, resync } },
        observationError,
        ...more,
      });
    },
  };
}

Deno.test("an alert begins once when its condition has lasted, and ends once when its condition is over", () => {
  const { watch, changes, look } = watched();
  look(0, "throttled");
  look(2 * MINUTE, "throttled");
  assertEquals([watch.firing, changes], [[], []]);
  look(MINUTE, "throttled again");
  look(MINUTE, "unreachable");
  assertEquals(changes.map(({ name, state, since }) => [name, state, since]), [[
    "cannot-observe",
    "firing",
    NOW,
  ]]);
  assertEquals(watch.firing.map(({ reason }) => reason.includes("unreachable")), [true]);
  look(MINUTE, undefined);
  look(MINUTE, undefined);
  assertEquals(changes.map(({ state, since }) => [state, since]), [["firing", NOW], ["resolved", NOW]]);
  assertEquals(watch.firing, []);
});

Deno.test("an alert that is firing does not end because its patience grows", () => {
  const { watch, changes, look } = watched();
  look(0, "throttled", 0);
  look(0, "throttled", MINUTE);
  assertEquals([watch.firing.length, changes.map(({ state }) => state)], [1, ["firing"]]);
});

Deno.test("if a condition ends before its alert fires, its time begins again", () => {
  const { changes, look } = watched();
  look(0, "throttled");
  look(2 * MINUTE, undefined);
  look(MINUTE, "throttled");
  look(2 * MINUTE, "throttled");
  assertEquals(changes, []);
  look(MINUTE, "throttled");
  assertEquals(changes.map(({ since }) => since), [NOW + 3 * MINUTE]);
});

Deno.test("a change of the time of day does not begin an alert", () => {
  const { changes, time, look } = watched();
  look(0, "throttled");
  time.now += 60 * MINUTE;
  look(0, "throttled");
  assertEquals(changes, []);
});

/** A fleet below its minimum, in a reconcile that a check holds back. */
const BELOW_MIN: Partial<AlertView> = {
  observation: { ...OBSERVATION, limits: { ...OBSERVATION.limits, min: 5 } },
  decision: { desired: 3, actions: [], reason: "", checks: ["paused"], recommendations: [] },
};

Deno.test("after a restart, an alert that is still firing begins again with the time at which its condition became true", () => {
  using store = Store.memory();
  watched(store).look(0, undefined, MINUTE, BELOW_MIN);
  const { watch, changes, look } = watched(store);
  assertEquals(watch.firing, []);
  look(10 * MINUTE, undefined, MINUTE, { ...BELOW_MIN, decision: undefined });
  assertEquals(changes.map(({ name, state, since }) => [name, state, since]), [["below-min", "firing", NOW]]);
});

Deno.test("after a restart, an alert that is over ends as soon as kas has observed the fleet", () => {
  using store = Store.memory();
  watched(store).look(0, undefined, MINUTE, BELOW_MIN);
  const { changes, look } = watched(store);
  look(MINUTE, "throttled", MINUTE, { observation: undefined });
  assertEquals(changes, []);
  look(MINUTE, undefined);
  assertEquals(changes.map(({ name, state, since }) => [name, state, since]), [[
    "below-min",
    "resolved",
    NOW,
  ]]);
  const later = watched(store);
  later.look(0, undefined);
  assertEquals(later.changes, []);
});
