/**
 * What would have had to be different: the facts and limits of a decision changed one at a time, and the decision made again
 * with each. Nothing is said here that {@linkcode decide} did not decide.
 *
 * @module
 */
import { type AlarmKind, type AlarmState, type Signal, signalOf } from "./model/alarm.ts";
import { decide, type Decision } from "./decide.ts";
import { activityOf, type Facts, type Limits } from "./model/observation.ts";
import { exists, inService, type Instance, standing } from "./model/instance.ts";
import { pauseAfter, wholeFleet } from "./checks/checks.ts";
import { resyncSignal } from "./policies/alarms.ts";

/** One change, and what would have been decided with it. */
export interface Counterfactual {
  /** In words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly signal: Signal;
  readonly facts: Facts;
  readonly decision: Decision;
}

/** A change to try: what differs, and how it reads. */
interface Change {
  readonly change: string;
  readonly facts: Facts;
  /** What is asked, where that differs too; at a resync it follows from the facts. */
  readonly signal?: Signal;
}

/** Changes of one kind, the slightest first: an array, or made when it is asked for. */
interface Kind {
  readonly length: number;
  at(i: number): Change | undefined;
}

/** The id of an instance that the fleet does not have. */
export const ONE_MORE = "one-more";

/** How many of a kind, instances or times, are tried. */
const MOST = 12;

/** Of more than so many, each stronger than the one before it, the slightest that matters is searched by halves. */
const FEW = 2 * MOST;

/**
 * The changes by which something else would have come of it, the slightest of each kind: a step where nothing was decided,
 * nothing (or a step the other way) where one was.
 */
export function counterfactuals(signal: Signal, facts: Facts): Counterfactual[] {
  const { kind } = decide(signal, facts);
  const made = (change: Change | undefined): Counterfactual | undefined => {
    if (change === undefined) return undefined;
    const asks = change.signal ?? again(signal, facts, change.facts);
    const decision = decide(asks, change.facts);
    return decision.kind === kind ? undefined : { ...change, signal: asks, decision };
  };
  return kinds(signal, facts, kind).flatMap((changes) =>
    slightest(changes.length, (i) => made(changes.at(i))) ?? []
  );
}

/** The first that there is, of so many. */
function slightest<T>(length: number, at: (i: number) => T | undefined): T | undefined {
  if (length > FEW) {
    let found = at(length - 1);
    if (found === undefined) return undefined;
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const here = at(middle);
      if (here === undefined) low = middle + 1;
      else [found, high] = [here, middle];
    }
    return found;
  }
  for (let i = 0; i < length; i++) {
    const found = at(i);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What would be asked of other facts: a resync asks what its alarms amount to, anybody else the same. */
export function again(signal: Signal, facts: Facts, changed: Facts): Signal {
  const follows = signal.source === "resync" &&
    JSON.stringify(resyncSignal(facts)) === JSON.stringify(signal);
  return follows ? resyncSignal(changed) : signal;
}

/** The kinds of change that are tried, each the slightest first. */
function kinds(signal: Signal, facts: Facts, kind: Decision["kind"]): Kind[] {
  const inward = signal.kind === "in" || (signal.kind === "none" && signal.source === "resync");
  const none = kind === "none";
  return [
    ...(signal.kind === "out" ? [maxima(facts, none), growth(facts, kind)] : []),
    ...(signal.kind === "in" ? [minima(facts, none)] : []),
    ...(inward ? [spans("warmup", ages(facts), facts, none)] : []),
    ...(signal.kind === "none" ? [] : [
      spans(signal.kind === "out" ? "cooldownOut" : "cooldownIn", steps(facts), facts, none),
      ...(signal.source === "resync" ? [spans("resync", steps(facts), facts, none)] : []),
    ]),
    ...(none ? [later(facts)] : []),
    transition(signal, facts),
    ...alarmStates(signal, facts, none),
    ...(signal.kind === "in" ? [...loads(facts, none), thresholds(facts, none)] : []),
    ...(none ? [...released(signal, facts), oneMore(signal, facts)] : []),
  ];
}

/** R3's upper bound. */
function maxima(facts: Facts, raise: boolean): Change[] {
  const { max } = facts.limits;
  const now = count(facts, "serving") + count(facts, "coming");
  const whole = facts.instances.filter(exists).length;
  // Where nodes are launched all of the fleet count.
  const counts = facts.limits.grow === undefined ? [now] : [now, wholeFleet(facts)];
  const values = raise ? counts.map((it) => it + 1) : counts.toReversed();
  return [...new Set(values)].map((value) => ({
    change: `with --max ${value} instead of ${max ?? `the whole fleet's ${whole}`}`,
    facts: limited(facts, { max: value }),
  }));
}

/** R7's launches: allowed where none was made, and the other way round. */
function growth(facts: Facts, kind: Decision["kind"]): Change[] {
  const { max } = facts.limits;
  if (kind === "launch") {
    const { grow: _, ...limits } = facts.limits;
    return [{ change: "without --grow", facts: { ...facts, limits } }];
  }
  if (kind !== "none" || facts.limits.grow !== undefined) return [];
  const room = wholeFleet(facts) + 1;
  const grow = "a launch template";
  return [
    ...(max === undefined ? [] : [{ change: `with --grow`, facts: limited(facts, { grow }) }]),
    { change: `with --grow and --max ${room}`, facts: limited(facts, { grow, max: room }) },
  ];
}

/** R3's lower bound. */
function minima(facts: Facts, lower: boolean): Change[] {
  const { min } = facts.limits;
  const now = count(facts, "serving");
  return (lower ? [now, now - 1] : [now, now + 1]).filter((value) => value >= 0 && value !== min).map((
    value,
  ) => ({
    change: `with --min ${value} instead of ${min ?? "the number of base and control instances"}`,
    facts: limited(facts, { min: value }),
  }));
}

/** A span of R5 or R2 held against how long ago something was (ms), in whole seconds as settings are given. */
function spans(
  name: "warmup" | "cooldownOut" | "cooldownIn" | "resync",
  ages: readonly number[],
  facts: Facts,
  shorten: boolean,
): Change[] {
  const span = facts.limits[name];
  const whole = ages.map((age) => 1_000 * (shorten ? Math.floor(age / 1_000) : Math.floor(age / 1_000) + 1));
  return [...new Set(whole)]
    .filter((value) => (shorten ? value < span : value > span))
    .sort((a, b) => (shorten ? b - a : a - b))
    .slice(0, MOST)
    .map((value) => ({
      change: `with --${flag(name)} ${time(value)} instead of ${time(span)}`,
      facts: limited(facts, { [name]: value }),
    }));
}

/** The same some time later: when a span of R5, R2 or R7 has passed. */
function later(facts: Facts): Change[] {
  const { now, limits, history: { launchesFail } } = facts;
  const ends = [
    ...steps(facts).flatMap((age) =>
      [limits.cooldownOut, limits.cooldownIn, limits.resync].map((it) => it - age)
    ),
    ...ages(facts).map((age) => limits.warmup - age),
    ...(launchesFail === undefined ? [] : [pauseAfter(launchesFail) - Math.abs(now - launchesFail.last)]),
  ];
  return [...new Set(ends.filter((end) => end > 0).map((end) => 1_000 * Math.ceil(end / 1_000)))]
    .sort((a, b) => a - b)
    .slice(0, MOST)
    .map((wait) => ({
      change: `${time(wait)} later, all else the same`,
      facts: { ...facts, now: now + wait },
    }));
}

/** What the notification told of: another transition of its alarm. */
function transition(signal: Signal, facts: Facts): Change[] {
  const { alarm, source } = signal;
  if (alarm === undefined || source !== "notification") return [];
  // One that came too late would have done so with any other state.
  if (signal.kind === "none" && signalOf(alarm, source).kind !== "none") return [];
  const { kind, dimension, from, to } = alarm;
  const into = (state: AlarmState) => signalOf({ ...alarm, to: state }, source);
  // A step in rests on more than was looked at for one out.
  const unseen = (state: AlarmState) => signal.kind !== "in" && into(state).kind === "in";
  return (["ALARM", "OK"] as const).flatMap((state) => [
    ...(state === from || state === to ? [] : [{
      change: `if ${kind} of ${dimension} had come from ${state} instead of ${from}`,
      facts,
      signal: { ...signal, alarm: { ...alarm, from: state } },
    }]),
    ...(state === to || unseen(state) ? [] : [{
      change: `if ${kind} of ${dimension} had gone into ${state} instead of ${to}`,
      facts,
      signal: into(state),
    }]),
  ]);
}

/** The alarms as CloudWatch had them. */
function alarmStates(signal: Signal, facts: Facts, none: boolean): Change[][] {
  const put = (which: (at: number) => boolean, state: "ALARM" | "OK"): Facts => ({
    ...facts,
    alarms: facts.alarms.map((alarm, i) => (which(i) && alarm.state !== state ? { ...alarm, state } : alarm)),
  });
  const each = (kinds: readonly AlarmKind[], state: "ALARM" | "OK"): Change[] =>
    facts.alarms.flatMap(({ kind, dimension, state: was }, i) =>
      kinds.includes(kind) && was !== state
        ? [{
          change: `if ${kind} of ${dimension} were in ${state} instead of ${was}`,
          facts: put((at) => at === i, state),
        }]
        : []
    ).slice(0, MOST);
  const high: readonly AlarmKind[] = ["cpuhigh", "reqcount"];
  const calling = facts.alarms.filter(({ kind, state }) => high.includes(kind) && state === "ALARM").length;
  const calm = [
    ...each(high, "OK"),
    {
      change: `if none of ${calling} cpuhigh and reqcount alarms were in ALARM`,
      facts: put((at) => high.includes(facts.alarms[at]?.kind ?? "cpulow"), "OK"),
    },
  ];
  const { alarm } = signal;
  const current = alarm === undefined
    ? undefined
    : facts.alarms.findIndex((it) =>
      it.fleet === alarm.fleet && it.kind === alarm.kind && it.dimension === alarm.dimension
    );
  const stale: Change[] = alarm === undefined || current === undefined || current < 0 ? [] : [{
    change: `if ${alarm.kind} of ${alarm.dimension} were still in ${alarm.to}`,
    facts: {
      ...facts,
      alarms: facts.alarms.map((it, i) => (i === current ? { ...it, state: alarm.to } : it)),
    },
  }];
  if (signal.kind === "out" && signal.source !== "resync") return [stale];
  return [
    ...(none && calling === 0 ? [] : [calm]),
    ...(none && signal.source !== "resync" ? [] : [each(high, "ALARM")]),
    ...(none && signal.source === "resync" ? [each(["cpulow"], "OK")] : []),
    stale,
  ];
}

/** R6: the CPU of the busiest, one at a time. */
function loads(facts: Facts, lower: boolean): Kind[] {
  return facts.instances.filter(inService)
    .map(({ id }) => ({ id, percent: facts.cpu[id]?.percent ?? NaN }))
    .filter(({ percent }) => Number.isFinite(percent))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, 3)
    .map(({ id, percent }) =>
      ladder(percent, lower ? 0 : 100, 10, (value) => ({
        change: `with the CPU of ${id} at ${value} % instead of ${Number(percent.toFixed(1))} %`,
        facts: {
          ...facts,
          cpu: { ...facts.cpu, [id]: { percent: value, at: facts.cpu[id]?.at ?? facts.now } },
        },
      }))
    );
}

/** R6: the thresholds of cpuhigh, all of them at once as they are set. */
function thresholds(facts: Facts, raise: boolean): Kind {
  const lowest = Math.min(
    ...facts.alarms.filter(({ kind }) => kind === "cpuhigh").map(({ threshold }) => threshold),
  );
  if (!Number.isFinite(lowest)) return [];
  return ladder(lowest, raise ? 100 : 1, 1, (threshold) => ({
    change: `with cpuhigh at ${threshold} % instead of ${lowest} %`,
    facts: {
      ...facts,
      alarms: facts.alarms.map((alarm) => (alarm.kind === "cpuhigh" ? { ...alarm, threshold } : alarm)),
    },
  }));
}

/** Instances without what keeps scaling from them: a quarantine, or an activity under way. */
function released(signal: Signal, facts: Facts): Change[][] {
  const quarantined = facts.instances.filter(({ quarantine }) => quarantine !== undefined).slice(0, MOST)
    .map(({ id }) => ({
      change: `with ${id} released from its quarantine`,
      facts: {
        ...facts,
        instances: facts.instances.map((it) => {
          if (it.id !== id) return it;
          const { quarantine: _, ...free } = it;
          return free;
        }),
      },
    }));
  const underWay = facts.underWay.slice(0, MOST).map(({ kind, instance }, i) => ({
    change: `without the ${kind}${instance === undefined ? "" : ` of ${instance}`} under way`,
    facts: { ...facts, underWay: facts.underWay.filter((_, at) => at !== i) },
  }));
  const idle = signal.kind === "in" && signal.instance !== undefined ? signal.instance : undefined;
  const inPlace = facts.instances.filter((it) => it.id === idle && exists(it) && !inService(it)).map((
    { id },
  ) => ({
    change: `if ${id} were in service`,
    facts: {
      ...facts,
      instances: facts.instances.map((it): Instance =>
        it.id === id ? { ...it, state: "running", registration: "in-service" } : it
      ),
    },
  }));
  return [quarantined, underWay, inPlace];
}

/** The same fleet with one node more, which takes its share of the load. */
function oneMore(signal: Signal, facts: Facts): Change[] {
  const stopped = signal.kind === "out";
  const node: Instance = {
    id: ONE_MORE,
    name: "",
    role: "node",
    type: facts.instances[0]?.type ?? "",
    zone: facts.instances[0]?.zone ?? "",
    launched: 0,
    ...(stopped
      ? { state: "stopped", stoppedAt: 0, registration: "none" }
      : { state: "running", registration: "in-service" }),
  };
  if (signal.kind === "none") return [];
  return [{
    change: stopped
      ? "with one more stopped node in the fleet"
      : "with one more node in service under the same load",
    facts: {
      ...facts,
      instances: [...facts.instances, node],
      cpu: stopped ? facts.cpu : { ...facts.cpu, [ONE_MORE]: { percent: 0, at: facts.now } },
    },
  }];
}

/** The values from one bound to another, that one included, in steps of 1/`per`, the slightest change first. */
function ladder(from: number, to: number, per: number, change: (value: number) => Change): Kind {
  const down = to < from;
  const first = down ? Math.ceil(from * per) - 1 : Math.floor(from * per) + 1;
  const last = Math.round(to * per);
  const length = Math.max(0, down ? first - last + 1 : last - first + 1);
  return { length, at: (i) => change((down ? first - i : first + i) / per) };
}

/** How long ago each instance came into service, or was launched, ms. */
function ages({ now, instances, history }: Facts): number[] {
  return instances.filter(inService)
    .flatMap(({ id, launched }) => [history.inServiceSince[id], launched])
    .filter((since) => since !== undefined)
    .map((since) => Math.abs(now - since));
}

/** How long ago the last steps were, ms. */
function steps({ now, history: { lastOut, lastIn } }: Facts): number[] {
  return [lastOut, lastIn].filter((at) => at !== undefined).map((at) => Math.abs(now - at));
}

function count(facts: Facts, place: "serving" | "coming"): number {
  const of = activityOf(facts);
  return facts.instances.filter((instance) => standing(instance, of(instance.id)) === place).length;
}

function limited(facts: Facts, limits: Partial<Limits>): Facts {
  return { ...facts, limits: { ...facts.limits, ...limits } };
}

function flag(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function time(ms: number): string {
  return `${ms / 1_000}s`;
}
