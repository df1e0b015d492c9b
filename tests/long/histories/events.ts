/**
 * The events of a random history, and a description of each.
 *
 * @module
 */
import fc from "fast-check";
import { parseScrapeTarget } from "../../../src/health/scrape.ts";
import type { Direction } from "../../../src/scaling/model/activity.ts";
import type { AlarmKind, AlarmState } from "../../../src/scaling/model/alarm.ts";
import type { PolicySpec } from "../../../src/scaling/model/load/policy.ts";
import { Schedules } from "../../../src/settings/schedules/schedules.ts";
import type { Schedule } from "../../../src/settings/schedules/windows.ts";
import { TEMPLATE } from "../../support/lab/cloud.ts";
import { type FleetPlan, nameOf } from "../../support/lab/fleet_plan.ts";

const MESSAGES = [
  "valid",
  "duplicate",
  "stale",
  "foreign",
  "unknown-alarm",
  "unknown-instance",
  "no-alarm",
  "malformed",
  "forged",
  "other-topic",
] as const;

const FAULTS = [
  "throttle",
  "errors",
  "cut",
  "wedge",
  "latency",
  "stale-reads",
  "no-capacity",
  "short-of-capacity",
  "protected",
  "unhealthy",
  "broken-worker",
] as const;

/** The ways in which a running instance fails. */
const DEATHS = ["dies", "hangs", "impaired", "ends"] as const;

const MEDDLINGS = [
  "terminate",
  "stop",
  "start",
  "register",
  "deregister",
  "quarantine",
  "release",
  "protect",
  "unprotect",
  "detach",
  "attach",
] as const;

/** One event. Times are in s. `at` is the place of an instance in the plan. */
export type Event =
  | { readonly what: "wait"; readonly s: number }
  /** The work to do, as the number of machines that it keeps busy. */
  | { readonly what: "demand"; readonly machines: number }
  | { readonly what: "work"; readonly requests: number }
  | { readonly what: "let-go" }
  | {
    readonly what: "message";
    readonly kind: typeof MESSAGES[number];
    readonly alarm: AlarmKind;
    readonly at: number;
    readonly state: AlarmState;
  }
  | { readonly what: "alarm"; readonly alarm: AlarmKind; readonly at: number; readonly state: AlarmState }
  | {
    readonly what: "crash";
    readonly by: "call" | "write";
    readonly nth: number;
    readonly moment: "before" | "after";
    readonly down: number;
  }
  | { readonly what: "kill"; readonly down: number }
  | { readonly what: "restart" }
  | { readonly what: "fault"; readonly kind: typeof FAULTS[number]; readonly at: number }
  | { readonly what: "calm" }
  | { readonly what: "meddle"; readonly how: typeof MEDDLINGS[number]; readonly at: number }
  /** `s`: how long a hang or an impairment lasts, or 0 if it lasts until the instance is stopped. */
  | { readonly what: "death"; readonly how: typeof DEATHS[number]; readonly at: number; readonly s: number }
  /** `s`: how long the pause lasts, or 0 for a pause without an end. */
  | { readonly what: "pause"; readonly directions: readonly Direction[]; readonly s: number }
  | { readonly what: "resume"; readonly directions: readonly Direction[] }
  | { readonly what: "clock"; readonly s: number };

/** A fleet and the events that happen to it. */
export interface History {
  readonly plan: FleetPlan;
  readonly events: readonly Event[];
}

/** Fleets of one autoscaler, and the events that happen to them. The first plan also says how AWS behaves. */
export interface FleetsHistory {
  readonly plans: readonly [FleetPlan, ...FleetPlan[]];
  /** `fleet`: the place of the fleet in the plans. */
  readonly events: readonly { readonly fleet: number; readonly event: Event }[];
}

const at = fc.nat(7);
const down = fc.integer({ min: 1, max: 60 });
const alarm = fc.constantFrom<AlarmKind>("cpuhigh", "cpuhigh", "cpuhigh", "cpulow", "cpulow", "reqcount");
const state = fc.constantFrom<AlarmState>("ALARM", "OK", "ALARM", "OK", "INSUFFICIENT_DATA");
const directions = fc.constantFrom<readonly Direction[]>(["out"], ["in"], ["out", "in"]);
const what = <T extends string>(name: T) => fc.constant(name);

const WEIGHED: readonly (readonly [weight: number, event: fc.Arbitrary<Event>])[] = [
  [5, fc.record({ what: what("wait"), s: fc.integer({ min: 1, max: 90 }) })],
  [4, fc.record({ what: what("demand"), machines: fc.constantFrom(0, 0.2, 0.9, 1.4, 2.2, 3, 5) })],
  [2, fc.record({ what: what("work"), requests: fc.integer({ min: 1, max: 5 }) })],
  [1, fc.record({ what: what("let-go") })],
  [3, fc.record({ what: what("message"), kind: what("valid"), alarm, at, state })],
  [3, fc.record({ what: what("message"), kind: fc.constantFrom(...MESSAGES), alarm, at, state })],
  [6, fc.record({ what: what("alarm"), alarm, at, state })],
  [
    5,
    fc.record({
      what: what("crash"),
      by: fc.constantFrom("call", "write"),
      nth: fc.integer({ min: 1, max: 9 }),
      moment: fc.constantFrom("before", "after"),
      down,
    }),
  ],
  [1, fc.record({ what: what("kill"), down })],
  [1, fc.record({ what: what("restart") })],
  [3, fc.record({ what: what("fault"), kind: fc.constantFrom(...FAULTS), at })],
  [2, fc.record({ what: what("calm") })],
  [2, fc.record({ what: what("meddle"), how: fc.constantFrom(...MEDDLINGS), at })],
  [
    3,
    fc.record({
      what: what("death"),
      how: fc.constantFrom(...DEATHS),
      at,
      s: fc.constantFrom(0, 0, 60, 400),
    }),
  ],
  [2, fc.record({ what: what("pause"), directions, s: fc.constantFrom(0, 30, 300, 1_200) })],
  [1, fc.record({ what: what("resume"), directions })],
  [1, fc.record({ what: what("clock"), s: fc.constantFrom(-7_200, -600, -30, 30, 240, 3_000) })],
];

const event = fc.oneof(...WEIGHED.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const seconds = (...values: number[]) => fc.constantFrom(...values.map((s) => s * 1_000));
const oneIn = (n: number) => fc.nat(n - 1).map((it) => it === n - 1);

/** How unkind AWS is: from not at all to more than by default. */
const unkindness: fc.Arbitrary<readonly string[]> = fc.tuple(
  fc.constantFrom("0s", "60s", "90s", "180s").map((time) => `metric-delay=${time}`),
  fc.constantFrom("0", "100").map((percent) => `boot-cpu=${percent}`),
  fc.constantFrom("0s", "1s", "5s", "10s").map((time) => `read-lag=${time}`),
  fc.constantFrom("0s", "5s").map((time) => `drain-lag=${time}`),
  ...["basic-monitoring", "late-first-check", "rate-limits"].map((name) =>
    fc.constantFrom("on", "off").map((value) => `${name}=${value}`)
  ),
);

/** A schedule whose window begins each hour and ends within the hour. */
const schedule: fc.Arbitrary<Schedule> = fc.record({
  name: fc.constantFrom("peak", "night"),
  cron: fc.integer({ min: 0, max: 59 }).map((minute) => `${minute} * * * *`),
  timezone: fc.constant("UTC"),
  duration: fc.integer({ min: 1, max: 50 }).map((minutes) => minutes * 60_000),
  min: fc.nat(5),
  max: fc.integer({ min: 1, max: 6 }),
}, { requiredKeys: ["name", "cron", "timezone", "duration"] });

const schedules: fc.Arbitrary<Schedules> = fc.array(schedule, { minLength: 1, maxLength: 2 })
  .map((list) => new Schedules(list));

/** The load policies from which a fleet has some. */
const POLICIES: readonly PolicySpec[] = [
  { type: "alarms" },
  { type: "target", metric: "cpu", target: 50, stabilization: 120_000 },
  { type: "adaptive", metric: "cpu", utilization: 80, risk: 0.015 },
  { type: "formula", capacity: "cpu > 60.0 ? current + 1 : ceil(cpu * in_service / 60.0)" },
];

/** Six of ten fleets have only the alarms, as a fleet without the setting. */
const policies: fc.Arbitrary<readonly PolicySpec[]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<readonly PolicySpec[]>([{ type: "alarms" }]) },
  { weight: 4, arbitrary: fc.subarray([...POLICIES], { minLength: 1 }) },
);

const fleet: fc.Arbitrary<FleetPlan> = fc.record({
  kind: fc.constant(false),
  faults: unkindness,
  seed: fc.nat(1_000_000),
  control: fc.boolean(),
  nodes: fc.array(
    fc.record({
      zone: fc.nat(1),
      serving: oneIn(3),
      quarantined: oneIn(8),
      grouped: oneIn(8),
      protected: oneIn(8),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  foreign: fc.boolean(),
  reqcount: fc.boolean(),
  limits: fc.record({
    warmup: seconds(0, 30, 120),
    cooldownOut: seconds(0, 0, 30),
    cooldownIn: seconds(0, 30, 60),
    resync: seconds(60, 120),
    metricDelay: seconds(0, 60, 180),
    unhealthyAfter: seconds(30, 120),
    min: fc.integer({ min: 1, max: 3 }),
    max: fc.integer({ min: 1, max: 8 }),
    grow: fc.constant(TEMPLATE),
    shrink: fc.constantFrom("stop", "terminate"),
    policies,
  }, { requiredKeys: ["warmup", "cooldownOut", "cooldownIn", "resync", "unhealthyAfter"] })
    // As on the command line, --grow needs --max.
    .map((
      limits,
    ) => (limits.grow === undefined || limits.max !== undefined ? limits : { ...limits, max: 6 })),
  startTimeout: seconds(120, 300),
  drainTimeout: seconds(60, 330),
});

/** How kas scrapes the instances. The interval is long, so that an hour of virtual time has few scrapes. */
const SCRAPE = { target: parseScrapeTarget("http:9100/metrics"), interval: 20_000 };

const plan: fc.Arbitrary<FleetPlan> = fc.tuple(fleet, fc.option(schedules), oneIn(3))
  .map(([fleet, schedules, isScraped]) => ({
    ...fleet,
    ...(schedules === null ? {} : { schedules }),
    ...(isScraped ? { scrape: SCRAPE } : {}),
  }));

/** Generates histories with at most this many events. */
export function histories(most: number): fc.Arbitrary<History> {
  return fc.record({ plan, events: fc.array(event, { minLength: 3, maxLength: most, size: "max" }) });
}

/** Generates histories of three fleets with at most this many events. Two of the fleets share a topic. */
export function fleetsHistories(most: number): fc.Arbitrary<FleetsHistory> {
  const named = fc.tuple(plan, plan, plan).map(([first, second, third]): FleetsHistory["plans"] => [
    first,
    { ...second, name: "web" },
    { ...third, name: "jobs", topic: "jobs" },
  ]);
  const happening = fc.record({ fleet: fc.nat(2), event });
  return fc.record({
    plans: named,
    events: fc.array(happening, { minLength: 3, maxLength: most, size: "max" }),
  });
}

/** Describes a history of several fleets. */
export function describeFleetsHistory({ plans, events }: FleetsHistory): string[] {
  const names = plans.map(nameOf);
  return [
    ...plans.flatMap((plan, i) => [`Fleet ${names[i]}:`, ...describePlan(plan)]),
    ...events.map(({ fleet, event }, number) =>
      `${String(number + 1).padStart(4)}. ${names[fleet]}: ${describeEvent(event)}`
    ),
  ];
}

/** Describes a history, one line for each event. */
export function describeHistory({ plan, events }: History): string[] {
  return [
    ...describePlan(plan),
    ...events.map((event, number) => `${String(number + 1).padStart(4)}. ${describeEvent(event)}`),
  ];
}

function describePlan(plan: FleetPlan): string[] {
  const { limits, nodes, control, foreign, reqcount } = plan;
  const { min = "the base and control instances", max = "the whole fleet", grow, shrink = "stop", policies } =
    limits;
  const others = [...(control ? ["a control instance"] : []), ...(foreign ? ["a foreign node"] : [])];
  return [
    ["A base instance", ...others, `${nodes.length} nodes (seed ${plan.seed})`].join(", "),
    `  on an AWS with ${plan.faults.join(", ")}`,
    ...nodes.map(({ zone, serving, quarantined, grouped, protected: isProtected }, place) =>
      `  ${place + 1 + Number(control)}: node in zone ${"ab"[zone]}, ${serving ? "in service" : "stopped"}${
        quarantined ? ", in quarantine" : ""
      }${grouped ? ", in an Auto Scaling group" : ""}${isProtected ? ", protected" : ""}`
    ),
    `  min ${min}, max ${max}, warmup ${s(limits.warmup)}, cooldown-out ${s(limits.cooldownOut)}, ` +
    `cooldown-in ${s(limits.cooldownIn)}, unhealthy-after ${s(limits.unhealthyAfter ?? NaN)}, metric-delay ${
      s(limits.metricDelay ?? 0)
    }, resync ${s(limits.resync)}, start-timeout ${s(plan.startTimeout)}, ` +
    `drain-timeout ${s(plan.drainTimeout)}${reqcount ? ", a reqcount alarm" : ""}${
      grow === undefined ? "" : `, grow ${grow}`
    }, shrink ${shrink}`,
    ...(policies === undefined ? [] : [
      `  policies ${policies.map(({ type }) => type).join(", ")}${
        plan.scrape === undefined ? "" : ", scraped"
      }`,
    ]),
    ...(plan.schedules?.list ?? []).map(({ name, cron, duration, min, max }) =>
      `  schedule ${name}: ${cron} for ${s(duration)}, min ${min ?? "as above"}, max ${max ?? "as above"}`
    ),
  ];
}

function s(ms: number): string {
  return `${ms / 1_000} s`;
}

function describeEvent(event: Event): string {
  switch (event.what) {
    case "wait":
      return `${event.s} s pass`;
    case "demand":
      return `the work is for ${event.machines} machines`;
    case "work":
      return `${event.requests} requests are sent and held`;
    case "let-go":
      return "the held requests end";
    case "message":
      return `a message arrives (${event.kind}): ${event.alarm} on ${event.at} is in ${event.state}`;
    case "alarm":
      return `CloudWatch sets ${event.alarm} on ${event.at} to ${event.state}`;
    case "crash":
      return `the autoscaler will crash right ${event.moment} ${event.by} ${event.nth} from now, and be down for ${event.down} s`;
    case "kill":
      return `the autoscaler crashes, and is down for ${event.down} s`;
    case "restart":
      return "the autoscaler is restarted";
    case "fault":
      return `fault: ${event.kind} (${event.at})`;
    case "calm":
      return "all faults end";
    case "meddle":
      return `interference: ${event.how} ${event.at}`;
    case "death":
      return `${event.at} ${event.how}${event.s === 0 ? "" : ` for ${event.s} s`}`;
    case "pause":
      return `an operator pauses scaling ${event.directions.join(" and ")}${
        event.s === 0 ? "" : ` for ${event.s} s`
      }`;
    case "resume":
      return `an operator resumes scaling ${event.directions.join(" and ")}`;
    case "clock":
      return `the autoscaler's clock is set ${event.s > 0 ? "forwards" : "back"} by ${Math.abs(event.s)} s`;
    default:
      return event satisfies never;
  }
}
