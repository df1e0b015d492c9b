/**
 * The fleet that test cases change. It is in two zones. A base instance and two nodes have been in service for an hour, and
 * two nodes are stopped.
 *
 * @module
 */
import type { Alarm, AlarmChange, AlarmKind, AlarmState } from "../../../src/scaling/model/alarm.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { NotificationTrigger, Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Instance } from "../../../src/scaling/model/instance.ts";

/** The time of every decision. */
export const NOW = Date.UTC(2026, 10, 23, 12);
const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Returns an instance. By default it has been in service for an hour. */
export function instance(id: string, more: Partial<Instance> = {}): Instance {
  return {
    id,
    name: "",
    role: "node",
    state: "running",
    type: "t3.small",
    zone: "a",
    launched: NOW - HOUR,
    registration: "in-service",
    ...more,
  };
}

/** Returns a stopped node. */
export function stopped(id: string, more: Partial<Instance> = {}): Instance {
  return instance(id, { state: "stopped", registration: "none", stoppedAt: NOW - HOUR, ...more });
}

export const BASE = instance("base", { role: "base", launched: NOW - 24 * HOUR });

/**
 * An observation of the fleet. `base` and n1 in zone a, and n2 in zone b are in service. n3 in zone a and n4 in zone b are
 * stopped. The CPU of all instances is low, and no alarm recommends more capacity.
 */
export const OBSERVATION: Observation = {
  now: NOW,
  fleet: "kas",
  limits: { warmup: 120 * SECOND, cooldownOut: 0, cooldownIn: 60 * SECOND, resync: 60 * SECOND },
  instances: [
    BASE,
    instance("n1"),
    instance("n2", { zone: "b" }),
    stopped("n3"),
    stopped("n4", { zone: "b" }),
  ],
  alarms: ["base", "n1", "n2"].map((id) => alarm("cpuhigh", id, "OK", { threshold: 80 })),
  cpu: { base: { percent: 20, at: NOW }, n1: { percent: 10, at: NOW }, n2: { percent: 10, at: NOW } },
  inProgress: [],
  history: { inServiceSince: {} },
};

/** Returns an alarm as CloudWatch describes it. */
export function alarm(
  kind: AlarmKind,
  dimension: string,
  state: AlarmState,
  more: Partial<Alarm> = {},
): Alarm {
  return {
    fleet: "kas",
    kind,
    dimension,
    state,
    threshold: 42,
    period: 60,
    changed: NOW - 10 * MINUTE,
    ...more,
  };
}

/** A notification of an alarm. */
type AlarmTrigger = NotificationTrigger & { readonly alarm: AlarmChange };

/** A notification that n1's CPU is high. */
export const OUT: AlarmTrigger = {
  kind: "notification",
  alarm: { fleet: "kas", kind: "cpuhigh", dimension: "n1", from: "OK", to: "ALARM", at: NOW },
};

/** A notification that n1's CPU is low. */
export const IN: AlarmTrigger = {
  kind: "notification",
  alarm: { fleet: "kas", kind: "cpulow", dimension: "n1", from: "ALARM", to: "OK", at: NOW },
};

/** A notification that the load balancer receives few requests. */
export const IN_ANY: AlarmTrigger = {
  kind: "notification",
  alarm: { fleet: "kas", kind: "reqcount", dimension: "kas", from: "ALARM", to: "OK", at: NOW },
};

export const RECONCILE: Trigger = { kind: "reconcile" };

/** Returns the fleet with some instances added, or replaced if the fleet has an instance with the same id. */
export function withInstances(...changed: readonly Instance[]): Pick<Observation, "instances"> {
  const ids = new Set(changed.map(({ id }) => id));
  return { instances: [...OBSERVATION.instances.filter(({ id }) => !ids.has(id)), ...changed] };
}
