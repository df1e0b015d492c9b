/**
 * What would have had to be different: the facts and limits of a decision changed one at a time, and the decision made again
 * with each. Nothing is said here that {@linkcode decide} did not decide.
 *
 * @module
 */
import { type AlarmKind, type AlarmState, type Recommendation, recommendationOf } from "./model/alarm.ts";
import { decide, type Decision } from "./decide.ts";
import { activityOf, type Limits, type Observation } from "./model/observation.ts";
import { exists, inService, type Instance, lifecycleStatus } from "./model/instance.ts";
import { pauseAfter, wholeFleet } from "./checks/checks.ts";
import { reconcileRecommendation } from "./policies/alarms.ts";

/** One change, and what would have been decided with it. */
export interface Counterfactual {
  /** In words: "with --max 4 instead of 3". */
  readonly change: string;
  readonly recommendation: Recommendation;
  readonly observation: Observation;
  readonly decision: Decision;
}

/** A change to try: what differs, and how it reads. */
interface Change {
  readonly change: string;
  readonly observation: Observation;
  /** What is asked, where that differs too; at a resync it follows from the facts. */
  readonly recommendation?: Recommendation;
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
export function counterfactuals(signal: Recommendation, facts: Observation): Counterfactual[] {
  const { kind } = decide(signal, facts);
  const made = (change: Change | undefined): Counterfactual | undefined => {
    if (change === undefined) return undefined;
    const asks = change.recommendation ?? again(signal, facts, change.observation);
    const decision = decide(asks, change.observation);
    return decision.kind === kind ? undefined : { ...change, recommendation: asks, decision };
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
export function again(signal: Recommendation, facts: Observation, changed: Observation): Recommendation {
  const follows = signal.source === "resync" &&
    JSON.stringify(reconcileRecommendation(facts)) === JSON.stringify(signal);
  return follows ? reconcileRecommendation(changed) : signal;
}

/** The kinds of change that are tried, each the slightest first. */
function kinds(signal: Recommendation, facts: Observation, kind: Decision["kind"]): Kind[] {
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
function maxima(facts: Observation, raise: boolean): Change[] {
  const { max } = facts.limits;
  const now = count(facts, "serving") + count(facts, "coming");
  const whole = facts.instances.filter(exists).length;
  // Where nodes are launched all of the fleet count.
  const counts = facts.limits.grow === undefined ? [now] : [now, wholeFleet(facts)];
  const values = raise ? counts.map((it) => it + 1) : counts.toReversed();
  return [...new Set(values)].map((value) => ({
    change: `with --max ${value} instead of ${max ?? `the whole fleet's ${whole}`}`,
    observation: limited(facts, { max: value }),
  }));
}

/** R7's launches: allowed where none was made, and the other way round. */
function growth(facts: Observation, kind: Decision["kind"]): Change[] {
  const { max } = facts.limits;
  if (kind === "launch") {
    const { grow: _, ...limits } = facts.limits;
    return [{ change: "without --grow", observation: { ...facts, limits } }];
  }
  if (kind !== "none" || facts.limits.grow !== undefined) return [];
  const room = wholeFleet(facts) + 1;
  const grow = "a launch template";
  return [
    ...(max === undefined ? [] : [{ change: `with --grow`, observation: limited(facts, { grow }) }]),
    { change: `with --grow and --max ${room}`, observation: limited(facts, { grow, max: room }) },
  ];
}

/** R3's lower bound. */
function minima(facts: Observation, lower: boolean): Change[] {
  const { min } = facts.limits;
  const now = count(facts, "serving");
  return (lower ? [now, now - 1] : [now, now + 1]).filter((value) => value >= 0 && value !== min).map((
    value,
  ) => ({
    change: `with --min ${value} instead of ${min ?? "the number of base and control instances"}`,
    observation: limited(facts, { min: value }),
  }));
}

/** A span of R5 or R2 held against how long ago something was (ms), in whole seconds as settings are given. */
function spans(
  name: "warmup" | "cooldownOut" | "cooldownIn" | "resync",
  ages: readonly number[],
  facts: Observation,
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
      observation: limited(facts, { [name]: value }),
    }));
}

/** The same some time later: when a span of R5, R2 or R7 has passed. */
function later(facts: Observation): Change[] {
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
      observation: { ...facts, now: now + wait },
    }));
}

/** What the notification told of: another transition of its alarm. */
function transition(signal: Recommendation, facts: Observation): Change[] {
  const { alarm, source } = signal;
  if (alarm === undefined || source !== "notification") return [];
  // One that came too late would have done so with any other state.
  if (signal.kind === "none" && recommendationOf(alarm, source).kind !== "none") return [];
  const { kind, dimension, from, to } = alarm;
  const into = (state: AlarmState) => recommendationOf({ ...alarm, to: state }, source);
  // A step in rests on more than was looked at for one out.
  const unseen = (state: AlarmState) => signal.kind !== "in" && into(state).kind === "in";
  return (["ALARM", "OK"] as const).flatMap((state) => [
    ...(state === from || state === to ? [] : [{
      change: `if ${kind} of ${dimension} had come from ${state} instead of ${from}`,
      observation: facts,
      recommendation: { ...signal, alarm: { ...alarm, from: state } },
    }]),
    ...(state === to || unseen(state) ? [] : [{
      change: `if ${kind} of ${dimension} had gone into ${state} instead of ${to}`,
      observation: facts,
      recommendation: into(state),
    }]),
  ]);
}

/** The alarms as CloudWatch had them. */
function alarmStates(signal: Recommendation, facts: Observation, none: boolean): Change[][] {
  const put = (which: (at: number) => boolean, state: "ALARM" | "OK"): Observation => ({
    ...facts,
    alarms: facts.alarms.map((alarm, i) => (which(i) && alarm.state !== state ? { ...alarm, state } : alarm)),
  });
  const each = (kinds: readonly AlarmKind[], state: "ALARM" | "OK"): Change[] =>
    facts.alarms.flatMap(({ kind, dimension, state: was }, i) =>
      kinds.includes(kind) && was !== state
        ? [{
          change: `if ${kind} of ${dimension} were in ${state} instead of ${was}`,
          observation: put((at) => at === i, state),
        }]
        : []
    ).slice(0, MOST);
  const high: readonly AlarmKind[] = ["cpuhigh", "reqcount"];
  const calling = facts.alarms.filter(({ kind, state }) => high.includes(kind) && state === "ALARM").length;
  const calm = [
    ...each(high, "OK"),
    {
      change: `if none of ${calling} cpuhigh and reqcount alarms were in ALARM`,
      observation: put((at) => high.includes(facts.alarms[at]?.kind ?? "cpulow"), "OK"),
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
    observation: {
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
function loads(facts: Observation, lower: boolean): Kind[] {
  return facts.instances.filter(inService)
    .map(({ id }) => ({ id, percent: facts.cpu[id]?.percent ?? NaN }))
    .filter(({ percent }) => Number.isFinite(percent))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, 3)
    .map(({ id, percent }) =>
      ladder(percent, lower ? 0 : 100, 10, (value) => ({
        change: `with the CPU of ${id} at ${value} % instead of ${Number(percent.toFixed(1))} %`,
        observation: {
          ...facts,
          cpu: { ...facts.cpu, [id]: { percent: value, at: facts.cpu[id]?.at ?? facts.now } },
        },
      }))
    );
}

/** R6: the thresholds of cpuhigh, all of them at once as they are set. */
function thresholds(facts: Observation, raise: boolean): Kind {
  const lowest = Math.min(
    ...facts.alarms.filter(({ kind }) => kind === "cpuhigh").map(({ threshold }) => threshold),
  );
  if (!Number.isFinite(lowest)) return [];
  return ladder(lowest, raise ? 100 : 1, 1, (threshold) => ({
    change: `with cpuhigh at ${threshold} % instead of ${lowest} %`,
    observation: {
      ...facts,
      alarms: facts.alarms.map((alarm) => (alarm.kind === "cpuhigh" ? { ...alarm, threshold } : alarm)),
    },
  }));
}

/** Instances without what keeps scaling from them: a quarantine, or an activity under way. */
function released(signal: Recommendation, facts: Observation): Change[][] {
  const quarantined = facts.instances.filter(({ quarantine }) => quarantine !== undefined).slice(0, MOST)
    .map(({ id }) => ({
      change: `with ${id} released from its quarantine`,
      observation: {
        ...facts,
        instances: facts.instances.map((it) => {
          if (it.id !== id) return it;
          const { quarantine: _, ...free } = it;
          return free;
        }),
      },
    }));
  const inProgress = facts.inProgress.slice(0, MOST).map(({ kind, instance }, i) => ({
    change: `without the ${kind}${instance === undefined ? "" : ` of ${instance}`} under way`,
    observation: { ...facts, inProgress: facts.inProgress.filter((_, at) => at !== i) },
  }));
  const idle = signal.kind === "in" && signal.instance !== undefined ? signal.instance : undefined;
  const inPlace = facts.instances.filter((it) => it.id === idle && exists(it) && !inService(it)).map((
    { id },
  ) => ({
    change: `if ${id} were in service`,
    observation: {
      ...facts,
      instances: facts.instances.map((it): Instance =>
        it.id === id ? { ...it, state: "running", registration: "in-service" } : it
      ),
    },
  }));
  return [quarantined, inProgress, inPlace];
}

/** The same fleet with one node more, which takes its share of the load. */
function oneMore(signal: Recommendation, facts: Observation): Change[] {
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
    observation: {
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
function ages({ now, instances, history }: Observation): number[] {
  return instances.filter(inService)
    .flatMap(({ id, launched }) => [history.inServiceSince[id], launched])
    .filter((since) => since !== undefined)
    .map((since) => Math.abs(now - since));
}

/** How long ago the last steps were, ms. */
function steps({ now, history: { lastOut, lastIn } }: Observation): number[] {
  return [lastOut, lastIn].filter((at) => at !== undefined).map((at) => Math.abs(now - at));
}

function count(facts: Observation, place: "serving" | "coming"): number {
  const of = activityOf(facts);
  return facts.instances.filter((instance) => lifecycleStatus(instance, of(instance.id)) === place).length;
}

function limited(facts: Observation, limits: Partial<Limits>): Observation {
  return { ...facts, limits: { ...facts.limits, ...limits } };
}

function flag(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function time(ms: number): string {
  return `${ms / 1_000}s`;
}
