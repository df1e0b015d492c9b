/**
 * The rules one by one: each looks at what is asked and at the facts, and lets the step pass or says why not.
 *
 * @module
 */
import { type Alarm, alarmName, type ScalingRecommendation } from "../model/alarm.ts";
import { activityOf, type Observation, recent, type Standings } from "../model/observation.ts";
import {
  exists,
  inService,
  type Instance,
  type LifecycleStatus,
  lifecycleStatus,
  startCandidates,
  type StartMethod,
  startMethod,
  stopCandidates,
  whyNotStoppable,
  zoneCounts,
} from "../model/instance.ts";

/** What a rule says of a step, in words that name its numbers; a rule that lets it pass may have nothing to say. */
export interface CheckResult {
  readonly check: string;
  readonly passed: boolean;
  readonly message: string;
}

/** R11: what is asked must be about this fleet, an instance of it, and the alarm's newest state. */
export function known({ alarm, instance }: ScalingRecommendation, facts: Observation): CheckResult {
  const rule = "R11";
  if (alarm !== undefined) {
    const { fleet, kind, dimension } = alarm;
    if (fleet !== facts.fleet) return hold(rule, `the alarm is of fleet ${fleet}, not of ${facts.fleet}`);
    if (kind !== "reqcount" && find(dimension, facts) === undefined) {
      return hold(rule, `${dimension} is not in the fleet`);
    }
    const current = indexOf(facts).alarms.get(alarmName(alarm));
    if (current !== undefined && current.state !== alarm.to && current.changed > alarm.at) {
      const late = seconds(current.changed - alarm.at);
      return hold(
        rule,
        `the notification is out of date: ${late} after it the alarm went into ${current.state}`,
      );
    }
  }
  if (instance !== undefined && find(instance, facts) === undefined) {
    return hold(rule, `${instance} is not in the fleet`);
  }
  return pass(rule);
}

/** R5, R2: the cooldown of the direction has passed since the last step of either; for a repeat at least one resync. */
export function cooledDown(
  { kind, source }: ScalingRecommendation,
  { limits, history, now }: Observation,
): CheckResult {
  const cooldown = kind === "out" ? limits.cooldownOut : limits.cooldownIn;
  const repeats = source === "resync" && limits.resync > cooldown;
  const span = repeats ? limits.resync : cooldown;
  const steps = [history.lastOut, history.lastIn].filter((at) => at !== undefined && recent(at, span, now));
  if (steps.length === 0) return pass("R5");
  const ago = Math.min(...steps.map((at = now) => Math.abs(now - at)));
  return repeats
    ? hold(
      "R2",
      `the last step was ${seconds(ago)} ago, and a repeat waits for one resync of ${seconds(span)}`,
    )
    : hold("R5", `the last step was ${seconds(ago)} ago, and cooldown-${kind} is ${seconds(span)}`);
}

/** R3: the most instances in service: `--max`, or the whole fleet. */
export function maxInForce({ limits, instances }: Observation): number {
  return limits.max ?? instances.filter(exists).length;
}

/**
 * R3: the fewest instances in service: `--min`, or the number of base and control instances, without a control instance that
 * is not registered: it serves no requests.
 */
export function minInForce({ limits, instances }: Pick<Observation, "limits" | "instances">): number {
  return limits.min ??
    instances.filter((instance) =>
      exists(instance) &&
      (instance.role === "base" || (instance.role === "control" && instance.registration !== "none"))
    ).length;
}

/** R3: how many of the fleet there are, whatever their state, those that are being launched included. */
export function wholeFleet(facts: Observation): number {
  return facts.instances.filter(exists).length + launchesUnseen(facts);
}

/**
 * R3: fewer than max are in service or on the way to it; where the step would be a launch, fewer than max are in the fleet at
 * all, so that what fails to come up, or is stopped by whomever, can't be launched anew without end.
 */
export function belowMax(ask: ScalingRecommendation, facts: Observation): CheckResult {
  const serving = standingAt("serving", facts).length;
  const coming = standingAt("coming", facts).length + launchesUnseen(facts);
  const max = maxInForce(facts);
  const launching = launches(ask, facts);
  const count = launching ? wholeFleet(facts) : serving + coming;
  const says = `${serving} in service and ${coming} on the way, ${
    launching ? `${count} in the fleet with those that are off, ` : ""
  }max ${max}${facts.limits.max === undefined ? " (the whole fleet)" : ""}`;
  return count < max ? pass("R3", says) : hold("R3", says);
}

/** Launches under way whose instance EC2 does not show yet. */
function launchesUnseen({ inProgress, instances }: Observation): number {
  const seen = new Set<string | undefined>(instances.map(({ id }) => id));
  return inProgress.filter(({ kind, instance }) => kind === "launch" && !seen.has(instance)).length;
}

/** What R7 chose: an instance, or where none is left a launch. */
export type StartChoice = {
  readonly instance: Instance;
  readonly way: StartMethod;
  /** Whom to turn to if it fails, in order. */
  readonly fallbacks: readonly string[];
} | {
  readonly way: "launch";
  /** From which launch template. */
  readonly template: string;
};

/** R7: which to start; the instance that is named goes first, and where a person names it no other will do. */
export function whichToStart(
  ask: ScalingRecommendation,
  facts: Observation,
): CheckResult & { readonly choice?: StartChoice } {
  const rule = "R7";
  const { source, instance: named } = ask;
  const of = activityOf(facts);
  const candidates = candidatesFor(ask, facts);
  const [first, ...others] = candidates;
  if (first === undefined) {
    const instance = named === undefined ? undefined : find(named, facts);
    if (source === "manual" && instance !== undefined) {
      const found = startMethod(instance, of(instance.id));
      return hold(rule, `${instance.id} can't be started: ${"why" in found ? found.why : ""}`);
    }
    const nodes = facts.instances.filter((instance) => exists(instance) && instance.role === "node");
    const quarantined = nodes.filter(({ quarantine }) => quarantine !== undefined).length;
    const none = `none of the ${nodes.length} nodes is left to start (${quarantined} in quarantine)`;
    const { grow } = facts.limits;
    if (grow === undefined || !launches(ask, facts)) return hold(rule, none);
    const failing = launchPause(facts);
    if (failing !== undefined) return hold(rule, `${none}, and ${failing}`);
    const says = `${none}, and one is launched from ${grow}`;
    return { ...pass(rule, says), choice: { way: "launch", template: grow } };
  }
  const { id, zone } = first.instance;
  const inZone = `${zone} has ${zoneCounts(facts.instances, of).get(zone) ?? 0} in service or on the way`;
  const says = id === named ? `${id} is the one named` : {
    "take-back": `${id} is still draining and is taken back`,
    "start": `${id} is the next of ${candidates.length} to start: ${inZone}, ${
      stoppedFor(first.instance, facts.now)
    }`,
    "wait": `no node is stopped, and ${id} is stopping: it is waited for`,
  }[first.way];
  const fallbacks = others.map(({ instance }) => instance.id);
  return { ...pass(rule, says), choice: { instance: first.instance, way: first.way, fallbacks } };
}

/** R7's candidates in their order, an instance that is named first. */
function candidatesFor(ask: ScalingRecommendation, facts: Observation): ReturnType<typeof startCandidates> {
  const all = startCandidates(facts.instances, activityOf(facts));
  const isNamed = ({ instance }: (typeof all)[number]) => instance.id === ask.instance;
  const others = namesOne(ask) ? [] : all.filter((it) => !isNamed(it));
  return [...all.filter(isNamed), ...others];
}

/** R7: whether the step would be a launch, as no node is left to start. */
function launches(ask: ScalingRecommendation, facts: Observation): boolean {
  return facts.limits.grow !== undefined && !namesOne(ask) && candidatesFor(ask, facts).length === 0;
}

/** A person means the instance that they name. */
function namesOne({ source, instance }: ScalingRecommendation): boolean {
  return source === "manual" && instance !== undefined;
}

/** The pause after launches that failed, ms: as long as they have been failing by the last of them, within these bounds. */
const PAUSE = { shortest: 60_000, longest: 900_000 } as const;

/** How long a launch waits after one that failed, ms; each failure in a row about doubles it. */
export function pauseAfter({ since, last }: NonNullable<Observation["history"]["launchesFail"]>): number {
  return Math.min(PAUSE.longest, Math.max(PAUSE.shortest, last - since));
}

/** Why no launch is to be tried yet, in words; undefined if one is. */
function launchPause({ history: { launchesFail }, now }: Observation): string | undefined {
  if (launchesFail === undefined) return undefined;
  const pause = pauseAfter(launchesFail);
  if (!recent(launchesFail.last, pause, now)) return undefined;
  const ago = seconds(Math.abs(now - launchesFail.last));
  return `the last launch failed ${ago} ago: the next is tried after ${seconds(pause)}`;
}

/** R4: no cpuhigh or reqcount alarm of the fleet is in ALARM. */
export function outBeatsIn(facts: Observation): CheckResult {
  const calls = (alarm: Alarm) =>
    alarm.state === "ALARM" && alarm.fleet === facts.fleet &&
    (alarm.kind === "reqcount" || (alarm.kind === "cpuhigh" && find(alarm.dimension, facts) !== undefined));
  const high = facts.alarms.filter(calls).map(({ kind, dimension }) => `${kind} of ${dimension}`);
  if (high.length === 0) return pass("R4");
  const more = high.length > 1 ? ` and ${high.length - 1} more` : "";
  return hold("R4", `out beats in: ${high[0]}${more} in ALARM`);
}

/**
 * R5: a machine that boots is no idle fleet. Its cpulow goes from INSUFFICIENT_DATA to OK, and at a resync is simply OK,
 * where the transition that led there isn't known; either asks for nothing before the instance has been in service for the
 * warm-up.
 */
export function notBooting({ source, alarm }: ScalingRecommendation, facts: Observation): CheckResult {
  const rule = "R5";
  if (alarm?.kind !== "cpulow" || (source !== "resync" && alarm.from !== "INSUFFICIENT_DATA")) {
    return pass(rule);
  }
  const instance = find(alarm.dimension, facts);
  if (instance === undefined) return pass(rule);
  if (!inService(instance)) {
    return hold(rule, `${instance.id} is not in service, so its low CPU says nothing of the fleet`);
  }
  const warmup = seconds(facts.limits.warmup);
  return young(instance, facts)
    ? hold(
      rule,
      `${instance.id} is booting, not idle: it is younger in service than the warm-up of ${warmup}`,
    )
    : pass(rule);
}

/** R8: which to stop, of those old enough (R5); where a person names the instance, no other will do. */
export function whichToStop(
  { source, instance: id }: ScalingRecommendation,
  facts: Observation,
): CheckResult & { readonly choice?: Instance } {
  const of = activityOf(facts);
  const named = id === undefined ? undefined : find(id, facts);
  const why = named && whyNotStoppable(named, of(named.id));
  const willing = source === "manual" && named
    ? []
    : stopCandidates(facts.instances, of).filter((other) => other !== named);
  const candidates = named !== undefined && why === undefined ? [named, ...willing] : willing;
  const choice = candidates.find((candidate) => !young(candidate, facts));
  if (choice === undefined) {
    if (candidates.length > 0) {
      const warmup = seconds(facts.limits.warmup);
      return hold(
        "R5",
        `${candidates.map(({ id }) => id).join(", ")}: younger in service than the warm-up of ${warmup}`,
      );
    }
    return hold(
      "R8",
      named && why ? `${named.id} may not be stopped: ${why}` : "no node in service may be stopped",
    );
  }
  const inZone = `${choice.zone} has ${
    zoneCounts(facts.instances, of).get(choice.zone) ?? 0
  } in service or on the way`;
  const says = choice === named
    ? `${choice.id} is the one named`
    : `${choice.id} is the one of ${candidates.length} to stop: ${inZone}, and it was started last`;
  return { ...pass("R8", says), choice };
}

/** R3: at least min stay in service. Only what is in service counts, as what is on the way may never arrive. */
export function aboveMin(target: Pick<Instance, "id">, facts: Standings): CheckResult {
  const remaining = remainingWithout(target, facts).length;
  const min = minInForce(facts);
  const says = `${remaining} would stay in service, min ${min}`;
  return remaining >= min ? pass("R3", says) : hold("R3", says);
}

/**
 * R6: the CPU of those that remain, projected from the latest datapoints, stays below the lowest cpuhigh threshold among
 * them. An in-service instance without a datapoint is taken to be as loaded as the busiest one that has one; with no
 * datapoint at all the rule is silent. With nobody remaining there is no one to carry any load.
 */
export function bearable(target: Instance, facts: Observation): CheckResult {
  const rule = "R6";
  const remaining = remainingWithout(target, facts);
  if (remaining.length === 0) return hold(rule, "none would remain in service to carry the load");
  const carrying = facts.instances.filter(inService);
  // A datapoint that is no number is none: NaN never reads as an idle instance.
  const loads = carrying.map(({ id }) => facts.cpu[id]?.percent).filter((percent) => Number.isFinite(percent))
    .map((percent = 0) => percent);
  if (loads.length === 0) return pass(rule, "no CPU datapoint, so R6 is silent");
  const threshold = lowestCpuHigh(remaining, facts) ?? lowestCpuHigh(facts.instances, facts);
  if (threshold === undefined) return pass(rule, "no cpuhigh threshold, so R6 is silent");
  const missing = carrying.length - loads.length;
  const total = loads.reduce((sum, load) => sum + load, 0) + missing * Math.max(...loads);
  const projected = total / remaining.length;
  const guess = missing === 0 ? "" : ` (${missing} without a datapoint taken for as busy as the busiest)`;
  const says = `${percent(total)} of CPU over ${remaining.length} remaining makes ${
    percent(projected)
  } each${guess}, cpuhigh is ${percent(threshold)}`;
  return projected < threshold ? pass(rule, says) : hold(rule, says);
}

/** R5: younger in service than the warm-up; where that is not known, since its launch. */
function young({ id, launched }: Instance, { limits, history, now }: Observation): boolean {
  return [history.inServiceSince[id], launched].some((since) => recent(since, limits.warmup, now));
}

function lowestCpuHigh(instances: readonly Instance[], facts: Observation): number | undefined {
  const ids = new Set(instances.map(({ id }) => id));
  const thresholds = facts.alarms
    .filter(({ fleet, kind, dimension }) => fleet === facts.fleet && kind === "cpuhigh" && ids.has(dimension))
    .map(({ threshold }) => threshold)
    .filter(Number.isFinite);
  return thresholds.length === 0 ? undefined : Math.min(...thresholds);
}

function remainingWithout(target: Pick<Instance, "id">, facts: Standings): Instance[] {
  return standingAt("serving", facts).filter(({ id }) => id !== target.id);
}

function standingAt(place: LifecycleStatus, facts: Standings): Instance[] {
  const of = activityOf(facts);
  return facts.instances.filter((instance) => lifecycleStatus(instance, of(instance.id)) === place);
}

function find(id: string, facts: Observation): Instance | undefined {
  return indexOf(facts).instances.get(id);
}

/** Existing instances by id and alarms by name; of two of one name the first. */
interface Index {
  readonly instances: ReadonlyMap<string, Instance>;
  readonly alarms: ReadonlyMap<string, Alarm>;
}

/** Made once for each facts, as a resync asks the rules about every alarm: it would take time by the fleet's square. */
const INDEXES = new WeakMap<Observation, Index>();

function indexOf(facts: Observation): Index {
  let index = INDEXES.get(facts);
  if (index === undefined) {
    index = {
      instances: new Map(facts.instances.filter(exists).toReversed().map((it) => [it.id, it])),
      alarms: new Map(facts.alarms.toReversed().map((it) => [alarmName(it), it])),
    };
    INDEXES.set(facts, index);
  }
  return index;
}

function stoppedFor({ stoppedAt }: Instance, now: number): string {
  return stoppedAt === undefined ? "stopped nobody knows when" : `stopped for ${seconds(now - stoppedAt)}`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`;
}

function percent(value: number): string {
  return `${Number(value.toFixed(1))} %`;
}

function pass(rule: string, says = ""): CheckResult {
  return { check: rule, passed: true, message: says };
}

function hold(rule: string, says: string): CheckResult {
  return { check: rule, passed: false, message: says };
}
