import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decide } from "../../../../src/scaling/decide.ts";
import type { LoadPoint, LoadView } from "../../../../src/scaling/model/load/view.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { TargetSpec } from "../../../../src/scaling/model/load/policy.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { targetPolicy } from "../../../../src/scaling/policies/target.ts";
import { checks, cpu } from "../cases.ts";
import {
  alarm,
  BASE,
  HOUR,
  IN,
  instance,
  MINUTE,
  NOW,
  OBSERVATION,
  OUT,
  RECONCILE,
  stopped,
} from "../fixtures.ts";

const TELEMETRY: Trigger = { kind: "telemetry" };
const TARGET: TargetSpec = { type: "target", metric: "cpu", target: 60, stabilization: 5 * MINUTE };

/** Returns periods that follow one another until now, from their mean CPU. */
function periods(span: number, served: number, ...percents: readonly number[]): LoadPoint[] {
  return percents.map((percent, i) => ({
    at: NOW - (percents.length - i) * span,
    span,
    percent,
    served,
    serving: served,
  }));
}

/** Returns a load whose long periods show the same CPU for ten minutes. */
function load(served: number, short: readonly number[], long = short.at(-1) ?? 0): LoadView {
  return {
    source: "scrape",
    short: periods(10_000, served, ...short),
    long: periods(MINUTE, served, ...Array<number>(10).fill(long)),
  };
}

/** Returns a fleet of `serving` instances in service with two more nodes, and its load. */
function fleet(
  serving: number,
  view: LoadView | undefined,
  more: Partial<Observation> = {},
): Partial<Observation> {
  const nodes = Array.from({ length: serving - 1 }, (_, i) => instance(`n${i + 1}`));
  const percent = view?.long.at(-1)?.percent ?? 0;
  return {
    instances: [BASE, ...nodes, ...["s1", "s2", "s3"].map((id) => stopped(id))],
    limits: { ...OBSERVATION.limits, policies: [TARGET] },
    alarms: [],
    ...cpu(Object.fromEntries([BASE, ...nodes].map(({ id }) => [id, percent]))),
    ...(view === undefined ? {} : { load: view }),
    ...more,
  };
}

checks("target", [
  {
    name:
      "starts all instances that bring the CPU to the target at once, without waiting after the last change",
    trigger: TELEMETRY,
    observation: fleet(2, load(2, [90]), { history: { inServiceSince: {}, lastOut: NOW - 1_000 } }),
    expected: { start: "s1" },
    numbers: [90, 60, 3],
  },
  {
    name: "starts several instances",
    trigger: RECONCILE,
    observation: fleet(3, load(3, [95])),
    expected: { actions: ["start s1", "start s2"] },
  },
  {
    name: "does nothing within 10 % of the target",
    trigger: TELEMETRY,
    observation: fleet(3, load(3, [65.9])),
    expected: { none: "" },
  },
  {
    name: "counts joining instances as capacity, and leaves them out of the metric",
    trigger: TELEMETRY,
    observation: fleet(2, load(2, [90]), {
      inProgress: [{ kind: "start", instance: "s1", since: NOW - 1_000 }],
    }),
    expected: { none: "" },
  },
  {
    name: "stops several instances when the load of the whole stabilization window is low",
    trigger: TELEMETRY,
    observation: fleet(4, load(4, [20])),
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "does not stop an instance while an earlier period of the stabilization window needed all",
    trigger: TELEMETRY,
    observation: fleet(3, { ...load(3, [20]), long: periods(MINUTE, 3, 20, 58, 20, 20, 20) }),
    expected: { none: "" },
  },
  {
    name: "stops instances when the only period that needed all is older than the stabilization window",
    trigger: TELEMETRY,
    observation: fleet(3, { ...load(3, [20]), long: periods(MINUTE, 3, 58, 20, 20, 20, 20, 20) }),
    expected: { actions: ["stop n1", "stop n2"] },
  },
  {
    name: "does not stop an instance when most of the stabilization window is unknown",
    trigger: TELEMETRY,
    observation: fleet(3, { ...load(3, [20]), long: periods(MINUTE, 3, 20, 20) }),
    expected: { none: "" },
  },
  {
    name: "asks for twice the instances that were saturated for 30 s",
    trigger: TELEMETRY,
    observation: fleet(2, load(2, [50, 100, 99, 98])),
    expected: { actions: ["start s1", "start s2"] },
  },
  {
    name: "does not double again with the instances that came since",
    trigger: TELEMETRY,
    observation: fleet(4, load(2, [100, 100, 100, 50], 50)),
    expected: { none: "" },
  },
  {
    name: "does not ask for twice as many after one saturated period of 10 s",
    trigger: TELEMETRY,
    observation: fleet(3, load(3, [70, 50, 100, 50], 50)),
    expected: { none: "" },
  },
  {
    name: "does nothing without current data",
    trigger: TELEMETRY,
    observation: fleet(3, undefined),
    expected: { none: "" },
  },
  {
    name: "does not follow data from an hour ago",
    trigger: TELEMETRY,
    observation: { ...fleet(2, load(2, [90])), now: NOW + HOUR },
    expected: { none: "" },
  },
  {
    name: "keeps the CPU below the target plus 10 % when it stops an instance",
    trigger: TELEMETRY,
    observation: { ...fleet(3, load(3, [35])), ...cpu({ base: 70, n1: 70, n2: 70 }) },
    expected: { none: "projected-load" },
    numbers: [66, 105],
  },
  {
    name: "ignores alarms if alarms is not a policy",
    trigger: TELEMETRY,
    observation: fleet(4, load(4, [20]), {
      alarms: [alarm("cpuhigh", "n1", "ALARM", { threshold: 80 })],
    }),
    expected: { actions: ["stop n1", "stop n2"] },
  },
]);

const BOTH = { ...OBSERVATION.limits, policies: [{ type: "alarms" }, TARGET] } as const;

checks("several load policies", [
  {
    name:
      "follows the largest recommendation: the target's three instances more, and not the alarm's one more",
    trigger: RECONCILE,
    observation: fleet(3, load(3, [95]), {
      limits: BOTH,
      alarms: [alarm("cpuhigh", "n1", "ALARM", { threshold: 80 })],
    }),
    expected: { actions: ["start s1", "start s2"] },
  },
  {
    name: "follows an alarm that asks for more while the target is reached",
    trigger: RECONCILE,
    observation: fleet(3, load(3, [60]), {
      limits: BOTH,
      alarms: [alarm("cpuhigh", "n1", "ALARM", { threshold: 80 })],
    }),
    expected: { start: "s1" },
  },
  {
    name: "does not stop an instance for an alarm while the target is reached",
    trigger: RECONCILE,
    observation: fleet(3, load(3, [60]), { limits: BOTH, alarms: [alarm("cpulow", "n1", "OK")] }),
    expected: { none: "" },
  },
  {
    name: "starts one instance for a notification",
    trigger: OUT,
    observation: fleet(3, load(3, [95]), { limits: BOTH }),
    expected: { start: "s1" },
  },
  {
    name: "does not stop an instance for a notification",
    trigger: IN,
    observation: fleet(4, load(4, [20]), { limits: BOTH }),
    expected: { none: "" },
  },
]);

Deno.test("target: more CPU never asks for less capacity", () => {
  const percent = fc.integer({ min: 0, max: 100 });
  fc.assert(fc.property(
    fc.array(percent, { minLength: 5, maxLength: 8 }),
    percent,
    fc.integer({ min: 1, max: 6 }),
    fc.nat(100),
    (long, newest, served, more) => {
      const capacity = (short: number) =>
        targetPolicy(TARGET, {
          ...OBSERVATION,
          load: {
            source: "scrape",
            short: periods(10_000, served, short),
            long: periods(MINUTE, served, ...long),
          },
        }, served).capacity ?? 0;
      const higher = Math.min(100, newest + more);
      assertEquals(capacity(higher) >= capacity(newest), true, `${newest} % and ${higher} %`);
    },
  ));
});

Deno.test("target: the decision is the same after its observation was JSON", () => {
  const observation = { ...OBSERVATION, ...fleet(3, load(3, [95])) };
  assertEquals(decide(TELEMETRY, JSON.parse(JSON.stringify(observation))), decide(TELEMETRY, observation));
});
