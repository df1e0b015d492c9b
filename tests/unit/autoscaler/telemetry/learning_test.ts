import { assert, assertEquals } from "@std/assert";
import { Store } from "../../../../src/autoscaler/store/store.ts";
import { Learning } from "../../../../src/autoscaler/telemetry/learning.ts";
import { MINUTE, Minutes } from "../../../../src/autoscaler/telemetry/minutes.ts";
import type { AdaptiveSpec } from "../../../../src/scaling/model/load/policy.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { AdaptiveView } from "../../../../src/scaling/policies/adaptive/view.ts";
import { NOW, OBSERVATION } from "../../scaling/fixtures.ts";

const HOUR = 60 * MINUTE;

const SPEC: AdaptiveSpec = { type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 };

/** Returns an observation some time after the others, in which 3 instances have the same CPU. */
function observation(after: number, percent: number, spec = SPEC): Observation {
  const now = NOW + after;
  const point = { at: now - MINUTE, span: MINUTE, percent, served: 3, serving: 3 };
  return {
    ...OBSERVATION,
    now,
    limits: { ...OBSERVATION.limits, policies: [spec] },
    load: { source: "scrape", short: [point], long: [point] },
  };
}

/** Learns from an observation a minute. Returns what kas knows then. */
function learnFor(learning: Learning, minutes: number, from = 0, spec = SPEC): AdaptiveView {
  let view: AdaptiveView | undefined;
  for (let i = 1; i <= minutes; i++) {
    view = note(learning, observation(from + i * MINUTE, i % 20 === 0 ? 100 : 40, spec));
  }
  if (view === undefined) throw new Error("kas knows nothing");
  return view;
}

function learningOf(store: Store, start?: number): Learning {
  return new Learning({ store, journal: { longestStart: () => start }, minutes: new Minutes(store) });
}

/** Learns from the load of an observation. */
function note(learning: Learning, observation: Observation): AdaptiveView | undefined {
  if (observation.load === undefined) throw new Error("the observation has no load");
  return learning.note(observation.load, observation);
}

Deno.test("kas learns from the load of an observation", () => {
  using store = Store.memory();
  const view = note(learningOf(store), observation(0, 40));
  assertEquals([view?.at, view?.need, view?.measured], [NOW, 2, MINUTE]);
  assert(Math.abs((view?.demand ?? 0) - 1.2) < 1e-9);
});

Deno.test("kas learns nothing without an adaptive policy", () => {
  using store = Store.memory();
  const { load } = observation(0, 40);
  assertEquals(note(learningOf(store), { ...OBSERVATION, ...(load && { load }) }), undefined);
});

Deno.test("kas learns from a period once, though observations repeat it", () => {
  using store = Store.memory();
  const learning = learningOf(store);
  const once = observation(0, 40);
  const view = note(learning, once);
  assertEquals(note(learning, { ...once, now: NOW + 5_000 }), view);
});

Deno.test("what kas has learned survives a restart", () => {
  using store = Store.memory();
  const learning = learningOf(store);
  const before = learnFor(learning, 180);
  learning.save(NOW + 180 * MINUTE);
  const after = learnFor(learningOf(store), 1, 180 * MINUTE);
  assertEquals(after.measured, before.measured + MINUTE);
  assertEquals(after.cold, undefined);
  assertEquals(after.chosen.forecast, before.chosen.forecast);
});

Deno.test("after a crash kas has lost at most the last five minutes", () => {
  using store = Store.memory();
  learnFor(learningOf(store), 180);
  const { measured } = learnFor(learningOf(store), 1, 180 * MINUTE);
  assert(measured >= 176 * MINUTE, `${measured / MINUTE} min`);
});

Deno.test("if the saved state is damaged, kas learns again from the minutes of the journal", () => {
  using store = Store.memory();
  const minutes = new Minutes(store);
  for (let at = NOW - 30 * HOUR; at < NOW; at += MINUTE) {
    minutes.add({ at, demand: 1.2, serving: 3, source: "scrape" });
  }
  store.db.prepare("INSERT INTO learned (policy, state) VALUES ('adaptive', ?)").run(new Uint8Array(5_000));
  const view = learnFor(learningOf(store), 1);
  assertEquals(view.measured, 30 * HOUR + MINUTE);
});

Deno.test("a change of the settings keeps the load and makes the records again", () => {
  using store = Store.memory();
  const learning = learningOf(store);
  const before = learnFor(learning, 180);
  const after = learnFor(learning, 1, 180 * MINUTE, { ...SPEC, utilization: 40 });
  assertEquals(after.measured, before.measured + MINUTE);
  assertEquals(after.need, 3);
});

Deno.test("the lead contains the period, the delay of a scrape, and the time of a start", () => {
  using store = Store.memory();
  assertEquals(note(learningOf(store), observation(0, 40))?.lead, 162_000);
  assertEquals(note(learningOf(store, 45_000), observation(0, 40))?.lead, 107_000);
});
