/**
 * A compact notation for scenarios: a fleet and its settings, what happens, and what kas must decide.
 *
 * A fleet is a list of `ID:STATUS`, for example `B:in n1:off n2:unhealthy`. Ids that begin with `B` are base instances, those with
 * `C` control instances, and the others nodes. `ID@b:STATUS` is in zone b; the others are in zone a.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decide } from "../../../../src/scaling/decide.ts";
import type { ActivityInProgress } from "../../../../src/scaling/model/activity.ts";
import type { Alarm, AlarmKind, AlarmState } from "../../../../src/scaling/model/alarm.ts";
import type { Action } from "../../../../src/scaling/model/decision.ts";
import type { Instance } from "../../../../src/scaling/model/instance.ts";
import type { Limits, Window } from "../../../../src/scaling/model/limits.ts";
import type { Observation } from "../../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../../src/scaling/model/trigger.ts";
import { alarm, instance, MINUTE, NOW, OBSERVATION, stopped } from "../fixtures.ts";

const SECOND = 1_000;

/** The statuses of the notation. */
const STATUSES: Readonly<Record<string, (id: string) => Instance>> = {
  in: (id) => instance(id),
  /** In service for half a minute. */
  new: (id) => instance(id, { launched: NOW - 30 * SECOND }),
  off: (id) => stopped(id),
  /** Stopped, and an operator detached it. */
  "off-detached": (id) => stopped(id, { detached: true }),
  quarantined: (id) => stopped(id, { quarantine: "failed three times" }),
  joining: (id) => instance(id, { state: "pending", registration: "none", launched: NOW - 30 * SECOND }),
  /** Has failed its health check for a minute. */
  failing: (id) => instance(id, { registration: "out-of-service", ...sick("failing", 60) }),
  /** Has failed its health check for longer than `--unhealthy-after`. */
  unhealthy: (id) => instance(id, { registration: "out-of-service", ...sick("unhealthy", 130) }),
  "unhealthy-protected": (id) =>
    instance(id, { registration: "out-of-service", protected: true, ...sick("unhealthy", 130) }),
  "unhealthy-refuses": (id) =>
    instance(id, {
      registration: "out-of-service",
      refusesStop: "it has stop protection",
      ...sick("unhealthy", 130),
    }),
  /** In service at the load balancer, while EC2 has reported a problem for longer than `--unhealthy-after`. */
  impaired: (id) => instance(id, { impaired: "its status check failed", ...sick("unhealthy", 130) }),
  /** Has been joining for longer than `--start-timeout`. */
  overdue: (id) => instance(id, { registration: "out-of-service", overdue: true, ...sick("unhealthy", 600) }),
  /** kas is stopping it because it is unhealthy. */
  replacing: (id) => instance(id, { registration: "none" }),
  protected: (id) => instance(id, { protected: true }),
  refuses: (id) => instance(id, { refusesStop: "it has stop protection" }),
  draining: (id) => instance(id, { registration: "draining" }),
  stopping: (id) => instance(id, { state: "stopping", registration: "none" }),
  /** Runs without being registered. */
  detached: (id) => instance(id, { registration: "none" }),
  terminated: (id) => instance(id, { state: "terminated", registration: "none" }),
};

function sick(health: "failing" | "unhealthy", seconds: number): Partial<Instance> {
  return { health, failingSince: NOW - seconds * SECOND };
}

/** A scenario. */
export interface Scenario {
  readonly name: string;
  readonly fleet: string;
  /** Limits that differ from those of the fixtures. */
  readonly limits?: Partial<Limits>;
  /** What starts the evaluation. Default: a reconcile. For an alarm `cpuhigh n1` or `cpulow n1`. */
  readonly on?: Trigger | `${AlarmKind} ${string}`;
  /** Alarms in a state, for example `cpuhigh n1 ALARM`. */
  readonly alarms?: readonly `${AlarmKind} ${string} ${AlarmState}`[];
  /** The ids of the instances that the fleet lost five minutes ago and has not replaced, with their zones. */
  readonly lost?: readonly string[];
  readonly paused?: "out" | "in";
  /** The windows of schedules. They are open, unless they begin in the future. Times are in s from now. */
  readonly windows?: readonly (Partial<Pick<Window, "min" | "max">> & { readonly begins?: number })[];
  /** The capacity that an operator asked for. */
  readonly override?: number;
  /** The CPU of each instance in service, in percent. Default: 10. */
  readonly cpu?: number;
  /** How long ago kas last scaled out or in, in s. */
  readonly lastOut?: number;
  readonly lastIn?: number;
  /** What else differs. */
  readonly history?: Partial<Observation["history"]>;
  /** The actions, for example `start n1, stop n2`. The stop of an unhealthy node is `replace n2`. */
  readonly then: string;
  readonly desired: number;
  /** The checks that hold actions back. */
  readonly held?: string;
}

/** Registers scenarios as tests. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  for (const scenario of scenarios) {
    const { name, then, desired, held = "" } = scenario;
    Deno.test(`scenario: ${name}`, () => {
      const decision = decide(triggerOf(scenario), observationOf(scenario));
      const decided = {
        then: decision.actions.map(textOf).join(", "),
        desired: decision.desired,
        held: decision.checks.join(" "),
      };
      assertEquals(decided, { then, desired, held }, decision.reason);
    });
  }
}

function textOf(action: Action): string {
  if (action.kind === "launch") return "launch";
  return `${"unhealthy" in action ? "replace" : action.kind} ${action.instance}`;
}

function triggerOf({ on = { kind: "reconcile" } }: Scenario): Trigger {
  if (typeof on !== "string") return on;
  const [kind, dimension] = on.split(" ") as [AlarmKind, string];
  const to = kind === "cpulow" ? "OK" : "ALARM";
  const from = to === "OK" ? "ALARM" : "OK";
  return { kind: "notification", alarm: { fleet: "kas", kind, dimension, from, to, at: NOW } };
}

function observationOf(scenario: Scenario): Observation {
  const { limits, paused, windows, override, cpu = 10, history = {}, lastOut, lastIn } = scenario;
  const { instances, inProgress } = fleetOf(scenario.fleet);
  const serving = instances.filter(({ registration }) => registration === "in-service");
  const ago = (seconds: number) => NOW - seconds * SECOND;
  return {
    ...OBSERVATION,
    limits: { ...OBSERVATION.limits, unhealthyAfter: 120 * SECOND, ...limits },
    instances,
    inProgress,
    alarms: alarmsOf(scenario, serving),
    cpu: Object.fromEntries(serving.map(({ id }) => [id, { percent: cpu, at: NOW }])),
    history: {
      inServiceSince: Object.fromEntries(
        serving.flatMap(({ id, launched }) => (launched === undefined ? [] : [[id, launched]])),
      ),
      ...lossesOf(scenario),
      ...(lastOut === undefined ? {} : { lastOut: ago(lastOut) }),
      ...(lastIn === undefined ? {} : { lastIn: ago(lastIn) }),
      ...history,
    },
    ...(paused === undefined ? {} : { paused: { [paused]: { since: NOW - MINUTE } } }),
    ...(windows === undefined ? {} : {
      windows: windows.map(({ begins = -60, ...bounds }, i) => ({
        name: `window-${i}`,
        begins: NOW + begins * SECOND,
        ends: NOW + begins * SECOND + 30 * MINUTE,
        ...bounds,
      })),
    }),
    ...(override === undefined ? {} : {
      override: { capacity: override, since: NOW - MINUTE, until: NOW + 30 * MINUTE, once: false },
    }),
  };
}

/** Reads the notation of a fleet. */
function fleetOf(text: string): Pick<Observation, "instances" | "inProgress"> {
  const inProgress: ActivityInProgress[] = [];
  const instances = text.split(" ").map((word) => {
    const [, id = "", zone = "a", status = ""] = /^(\w+)(?:@(\w))?:([\w-]+)$/.exec(word) ?? [];
    const make = STATUSES[status];
    if (make === undefined) throw new Error(`${word} is not an instance of a scenario`);
    const since = NOW - 30 * SECOND;
    if (status === "joining") inProgress.push({ kind: "start", instance: id, since });
    if (status === "replacing") inProgress.push({ kind: "stop", instance: id, since, unhealthy: true });
    const role = id.startsWith("B") ? "base" : id.startsWith("C") ? "control" : "node";
    return { ...make(id), role, zone } as const;
  });
  return { instances, inProgress };
}

/** Returns the alarms of a scenario. Every instance in service has a cpuhigh alarm with a threshold of 80 %. */
function alarmsOf({ alarms = [] }: Scenario, serving: readonly Instance[]): Alarm[] {
  const set = alarms.map((text) => {
    const [kind, dimension, state] = text.split(" ") as [AlarmKind, string, AlarmState];
    return alarm(kind, dimension, state, { threshold: 80 });
  });
  const named = new Set(set.filter(({ kind }) => kind === "cpuhigh").map(({ dimension }) => dimension));
  const quiet = serving.filter(({ id }) => !named.has(id))
    .map(({ id }) => alarm("cpuhigh", id, "OK", { threshold: 80 }));
  return [...set, ...quiet];
}

function lossesOf({ lost }: Scenario): Partial<Observation["history"]> {
  if (lost === undefined) return {};
  const losses = lost.map((text) => {
    const [instance = "", zone = "a"] = text.split("@");
    return { instance, zone, at: NOW - 5 * MINUTE, open: true };
  });
  return { losses };
}
