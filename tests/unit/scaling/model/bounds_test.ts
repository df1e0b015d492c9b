import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decide } from "../../../../src/scaling/decide.ts";
import { explain } from "../../../../src/scaling/explain.ts";
import { boundsOf } from "../../../../src/scaling/model/capacity.ts";
import type { Window } from "../../../../src/scaling/model/limits.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import { alarm, HOUR, MINUTE, NOW, OBSERVATION, RECONCILE } from "../fixtures.ts";
import { window as anyWindow } from "../random.ts";

const OPEN = { name: "day", begins: NOW - HOUR, ends: NOW + HOUR };
const COMING = { name: "day", begins: NOW + MINUTE, ends: NOW + HOUR };

/** The fleet with min 2 and max 4, three instances in service, and windows. */
function during(...windows: Window[]): Observation {
  return { ...OBSERVATION, limits: { ...OBSERVATION.limits, min: 2, max: 4 }, windows };
}

/** Returns the minimum and the maximum in force. */
function inForce(...windows: Window[]): [number, number] {
  const { min, max } = boundsOf(during(...windows));
  return [min.value, max.value];
}

Deno.test("R19: an open window replaces the configured bounds, larger or smaller", () => {
  assertEquals(inForce(), [2, 4]);
  assertEquals(inForce({ ...OPEN, min: 3 }), [3, 4]);
  assertEquals(inForce({ ...OPEN, min: 0, max: 9 }), [0, 9]);
});

Deno.test("R19: of overlapping windows the largest minimum and the smallest maximum count", () => {
  assertEquals(inForce({ ...OPEN, min: 1, max: 9 }, { ...OPEN, min: 3, max: 6 }), [3, 6]);
});

Deno.test("R19: a minimum above the maximum counts as the maximum", () => {
  assertEquals(inForce({ ...OPEN, min: 5 }), [4, 4]);
  assertEquals(inForce({ ...OPEN, min: 3 }, { ...OPEN, max: 1 }), [1, 1]);
});

Deno.test("R19: of a coming window only a larger minimum applies, with the larger maximum that it needs", () => {
  assertEquals(inForce({ ...COMING, min: 3 }), [3, 4]);
  assertEquals(inForce({ ...COMING, min: 1 }), [2, 4]);
  assertEquals(inForce({ ...COMING, max: 1 }), [2, 4]);
  assertEquals(inForce({ ...COMING, min: 6, max: 8 }), [6, 8]);
  assertEquals(inForce({ ...COMING, min: 6, max: 8 }, { ...OPEN, max: 3 }), [3, 3]);
});

Deno.test("R19: a window ends before the instant of its end", () => {
  assertEquals(inForce({ ...OPEN, ends: NOW + 1, min: 3 }), [3, 4]);
  assertEquals(inForce({ ...OPEN, ends: NOW, min: 3 }), [2, 4]);
});

Deno.test("R19: the bounds in force do not depend on the order of the windows, and each bound names the windows that set it", () => {
  fc.assert(
    fc.property(fc.array(anyWindow, { maxLength: 5 }), (windows) => {
      const view = during(...windows);
      const { min, max } = boundsOf(view);
      assertEquals(inForce(...windows.toReversed()), [min.value, max.value]);
      assertEquals(min.value <= max.value, true);
      for (const bound of [min, max]) {
        for (const it of bound.windows) assertEquals([it.min, it.max].includes(bound.value), true);
        const without = windows.filter((it) => !bound.windows.includes(it));
        const other = boundsOf(during(...without));
        if (bound.windows.length === 0) {
          assertEquals([other.min, other.max].map(({ value }) => value), [min.value, max.value]);
        }
      }
      const open = windows.filter(({ begins, ends }) => begins <= NOW && NOW < ends);
      for (const it of open) assertEquals(max.value <= (it.max ?? Infinity), true);
      const relevant = windows.filter(({ ends }) => ends > NOW);
      for (const it of relevant) assertEquals(min.value >= Math.min(it.min ?? 0, max.value), true);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("R19: a reconcile starts a node for the minimum of a window, and the reason names its schedule", () => {
  const decision = decide(RECONCILE, { ...during({ ...OPEN, min: 4 }), alarms: [] });
  assertEquals(decision.actions.map(({ kind }) => kind), ["start"]);
  assertEquals(decision.recommendations.map(({ policy }) => policy), ["minimum"]);
  assertEquals(/\bday\b/.test(decision.reason), true);
});

Deno.test("R19: a reconcile stops a node above the maximum of a window", () => {
  const idle = Object.fromEntries(["base", "n1", "n2"].map((id) => [id, { percent: 5, at: NOW }]));
  const quiet = { alarms: [alarm("cpuhigh", "n1", "OK", { threshold: 80 })], cpu: idle };
  const decision = decide(RECONCILE, { ...during({ ...OPEN, max: 2 }), ...quiet });
  assertEquals(decision.actions.map(({ kind }) => kind), ["stop"]);
  assertEquals(decision.recommendations.map(({ policy }) => policy), ["maximum"]);
});

Deno.test("R19: an explanation tries the decision without each schedule, and after the end of each window", () => {
  const { changes } = explain(RECONCILE, { ...during({ ...OPEN, min: 4 }), alarms: [] });
  const other = changes.filter(({ observation }) =>
    boundsOf(observation).min.value === 2 && observation.limits.min === 2
  );
  assertEquals(other.map(({ decision }) => decision.actions), [[]]);
});
