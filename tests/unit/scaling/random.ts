/**
 * Generators of random fleets and triggers.
 *
 * @module
 */
import fc from "fast-check";
import type { Alarm, AlarmChange } from "../../../src/scaling/model/alarm.ts";
import type { PolicySpec } from "../../../src/scaling/model/load/policy.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { LoadPoint, MetricReading } from "../../../src/scaling/model/load/view.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { Instance } from "../../../src/scaling/model/instance.ts";
import { FAULTS, type StartEvent } from "../../../src/scaling/model/start_event.ts";
import type { Window } from "../../../src/scaling/model/limits.ts";
import { HOUR, MINUTE, NOW } from "./fixtures.ts";

const IDS = Array.from({ length: 8 }, (_, i) => `i-${i}`);

const time = fc.integer({ min: NOW - HOUR, max: NOW + HOUR / 10 });
const span = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: HOUR / 4 }));
const anyId = fc.constantFrom(...IDS, ...IDS, "i-gone");
const state = fc.constantFrom("OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA");
const name = fc.record({
  fleet: fc.constantFrom("kas", "kas", "kas", "web"),
  kind: fc.constantFrom("cpuhigh", "cpulow", "reqcount"),
  dimension: anyId,
});
const change: fc.Arbitrary<AlarmChange> = fc.tuple(name, fc.record({ from: state, to: state, at: time }))
  .map(([name, rest]) => ({ ...name, ...rest }));
const alarm: fc.Arbitrary<Alarm> = fc
  .tuple(
    name,
    fc.record({ state, threshold: fc.integer({ min: 1, max: 100 }), period: fc.constant(60), changed: time }),
  )
  .map(([name, rest]) => ({ ...name, ...rest }));

const instanceState = fc.constantFrom(
  "pending",
  "running",
  "stopping",
  "stopped",
  "shutting-down",
  "terminated",
);
const registration = fc.constantFrom("none", "out-of-service", "in-service", "draining");
/** Generates what an observation says of an instance that does not serve as it should. */
const failing = fc.record({
  health: fc.constantFrom("failing", "unhealthy"),
  failingSince: time,
  impaired: fc.constant("EC2 reports an impaired system"),
}, { requiredKeys: ["health"] });
/** Generates an instance in any state. */
export const instance = (id: string): fc.Arbitrary<Instance> =>
  fc.tuple(
    fc.record({
      id: fc.constant(id),
      name: fc.constant(""),
      role: fc.constantFrom("base", "control", "node", "node", "node", "node"),
      type: fc.constant("t3.small"),
      zone: fc.constantFrom("a", "b"),
      launched: time,
      stoppedAt: time,
    }, { requiredKeys: ["id", "name", "role", "type", "zone"] }),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant({ state: "running", registration: "in-service" } as const) },
      { weight: 3, arbitrary: fc.constant({ state: "stopped", registration: "none" } as const) },
      { weight: 4, arbitrary: fc.record({ state: instanceState, registration }) },
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constant({ quarantine: "no capacity" }) },
      { weight: 1, arbitrary: fc.constant({ autoScalingGroup: "web" }) },
      { weight: 1, arbitrary: fc.constant({ refusesStop: "it has stop protection" }) },
      { weight: 1, arbitrary: fc.constant({ protected: true } as const) },
      { weight: 1, arbitrary: fc.constant({ detached: true } as const) },
      { weight: 1, arbitrary: fc.constant({ overdue: true } as const) },
      { weight: 1, arbitrary: fc.constant({ detached: true } as const) },
      { weight: 1, arbitrary: fc.record({ byOperator: time }) },
    ),
    fc.option(failing, { freq: 4, nil: {} }),
  ).map(([what, where, exempt, failing]) => ({
    ...what,
    ...where,
    ...exempt,
    ...(isRegistered(where) ? failing : {}),
  }));

/** Whether an instance may have a health: the observation gives it only to running, registered instances. */
function isRegistered({ state, registration }: Pick<Instance, "state" | "registration">): boolean {
  return state === "running" && (registration === "in-service" || registration === "out-of-service");
}

const startEvent: fc.Arbitrary<StartEvent> = fc.oneof(
  fc.record({ what: fc.constantFrom("running", "in-service"), at: time, instance: anyId }),
  fc.record({
    what: fc.constantFrom(...FAULTS),
    at: fc.oneof(time, fc.integer({ min: NOW - 30_000, max: NOW })),
    instance: anyId,
    reason: fc.constant("AWS said so"),
  }),
);

const windowBounds = fc.record({
  min: fc.integer({ min: 0, max: 6 }),
  max: fc.integer({ min: 0, max: 8 }),
}, { requiredKeys: [] });

/** Generates a window that is open, comes, or has ended. */
export const window: fc.Arbitrary<Window> = fc.tuple(
  fc.constantFrom("day", "night", "fair"),
  time,
  fc.integer({ min: 1, max: HOUR }),
  windowBounds,
).map(([name, begins, length, bounds]) => ({ name, begins, ends: begins + length, ...bounds }));

const target: PolicySpec = { type: "target", metric: "cpu", target: 60, stabilization: 2 * MINUTE };

const formula: fc.Arbitrary<PolicySpec> = fc.constantFrom(
  { type: "formula", capacity: "backlog / 10" },
  { type: "formula", capacity: "10 / backlog" },
  { type: "formula", atLeast: "backlog / 20", atMost: "max(cpu / 10, backlog / 10)" },
  { type: "formula", atMost: "current - 1" },
);

/** Generates the value of a metric, or the reason why it has none. */
const reading: fc.Arbitrary<MetricReading> = fc.oneof(
  fc.record({ value: fc.integer({ min: 0, max: 100 }), at: time, source: fc.constant("SQS queue orders") }),
  fc.record({ source: fc.constant("SQS queue orders"), why: fc.constant("no answer within 5 s") }),
);

/** Generates the load of periods that end one after the other, the last one up to 2 min ago. */
function points(span: number): fc.Arbitrary<LoadPoint[]> {
  return fc.tuple(
    fc.integer({ min: 0, max: 2 * MINUTE }),
    fc.array(
      fc.record({ percent: fc.integer({ min: 0, max: 100 }), served: fc.integer({ min: 0, max: 4 }) }),
      {
        maxLength: 5,
      },
    ),
  ).map(([ago, all]) =>
    all.map((it, i) => ({ ...it, at: NOW - ago - (all.length - i) * span, span, serving: it.served }))
  );
}

/** Generates an observation. */
export const observation: fc.Arbitrary<Observation> = fc.record({
  now: fc.constant(NOW),
  fleet: fc.constant("kas"),
  limits: fc.record({
    min: fc.integer({ min: 0, max: 4 }),
    max: fc.integer({ min: 0, max: 8 }),
    warmup: span,
    cooldownOut: span,
    cooldownIn: span,
    resync: span,
    metricDelay: span,
    grow: fc.constant("kas-node"),
    shrink: fc.constantFrom("stop", "terminate"),
    policies: fc.oneof(
      { weight: 7, arbitrary: fc.constant<readonly PolicySpec[]>([{ type: "alarms" }]) },
      { weight: 1, arbitrary: fc.constant<readonly PolicySpec[]>([]) },
      {
        weight: 2,
        arbitrary: fc.tuple(
          fc.subarray<PolicySpec>([{ type: "alarms" }, target], { minLength: 1 }),
          fc.array(formula, { maxLength: 1 }),
        ).map((lists) => lists.flat()),
      },
    ),
  }, { requiredKeys: ["warmup", "cooldownOut", "cooldownIn", "resync"] }),
  windows: fc.array(window, { maxLength: 3 }),
  instances: fc.subarray(IDS, { minLength: 2 }).chain((ids) => fc.tuple(...ids.map(instance))),
  alarms: fc.array(alarm, { maxLength: 4 }),
  // Most datapoints begin now, because an older datapoint may be from before the last change of capacity.
  cpu: fc.dictionary(
    anyId,
    fc.record({
      percent: fc.integer({ min: 0, max: 60 }),
      at: fc.oneof({ weight: 3, arbitrary: fc.constant(NOW) }, { weight: 1, arbitrary: time }),
    }),
  ),
  metrics: fc.record({ backlog: reading }),
  load: fc.record({
    source: fc.constantFrom("scrape", "cloudwatch"),
    short: points(10_000),
    long: points(MINUTE),
  }),
  inProgress: fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constantFrom("start", "launch", "stop", "terminate"),
        instance: anyId,
        since: time,
      }),
      fc.record({
        kind: fc.constantFrom("stop", "terminate"),
        instance: anyId,
        since: time,
        unhealthy: fc.constant(true as const),
      }),
      fc.record({ kind: fc.constant("launch"), since: time }),
    ),
    { maxLength: 3 },
  ),
  history: fc.record({
    lastOut: time,
    lastIn: time,
    capacityChanged: time,
    inServiceSince: fc.dictionary(anyId, time),
    launchesFail: fc.tuple(time, time).map(([since, last]) => ({ since, last })),
    starts: fc.array(startEvent, { minLength: 1, maxLength: 6 }).map((all) =>
      all.toSorted((a, b) => a.at - b.at)
    ),
    losses: fc.uniqueArray(
      fc.record({
        instance: anyId,
        zone: fc.constantFrom("a", "b"),
        at: time,
        open: fc.boolean(),
        standIn: anyId,
        recovered: fc.constant(true as const),
      }, { requiredKeys: ["instance", "zone", "at", "open"] }),
      { minLength: 1, maxLength: 3, selector: ({ instance }) => instance },
    ),
  }, { requiredKeys: ["inServiceSince"] }),
  override: fc.record({
    capacity: fc.integer({ min: 0, max: 8 }),
    since: time,
    until: time,
    once: fc.boolean(),
  }),
  processed: fc.record({ at: time, by: fc.constantFrom("notification", "reconcile") }),
}, {
  requiredKeys: ["now", "fleet", "limits", "instances", "alarms", "cpu", "inProgress", "history"],
});

/** Generates an observation of a fleet without a standby node, below its maximum. */
export const exhausted: fc.Arbitrary<Observation> = fc.tuple(observation, fc.integer({ min: 4, max: 12 }))
  .map((
    [{ instances, limits, history: { launchesFail: _, ...history }, ...rest }, max],
  ) => ({
    ...rest,
    history,
    limits: { ...limits, grow: "kas-node", max },
    instances: instances.map((it) => (
      it.state === "running" && it.registration !== "draining" ? it : { ...it, quarantine: "no capacity" }
    )),
  }));

/** Generates a trigger. Most triggers are alarms of the fleet that recommend a change. */
export const trigger: fc.Arbitrary<Trigger> = fc.oneof(
  { weight: 5, arbitrary: change.map((alarm) => ({ kind: "notification" as const, alarm })) },
  {
    weight: 3,
    arbitrary: fc.tuple(change, fc.boolean()).map(([alarm, out]) => ({
      kind: "notification" as const,
      alarm: out
        ? { ...alarm, kind: "cpuhigh" as const, to: "ALARM" as const }
        : { ...alarm, kind: "cpulow" as const, to: "OK" as const },
    })),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "reconcile" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "schedule" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "telemetry" as const }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 8 }).map((capacity) => ({
      kind: "operator" as const,
      direction: "to" as const,
      capacity,
    })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("operator" as const),
      direction: fc.constantFrom("out", "in"),
      instance: anyId,
      count: fc.integer({ min: 1, max: 4 }),
    }, { requiredKeys: ["kind", "direction"] }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "notification" as const }) },
);
