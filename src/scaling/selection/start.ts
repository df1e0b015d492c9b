/**
 * R7: selects which node kas starts, or whether kas launches one.
 *
 * @module
 */
import { lastFailures, type Pause, pauseSentence, pausesOf } from "../faults/pauses.ts";
import type { ActivityOf } from "../model/activity.ts";
import { capacityByZone } from "../model/capacity.ts";
import type { FleetIndex } from "../model/fleet_index.ts";
import { exists, inService, type Instance } from "../model/instance.ts";
import { type Observation, recent } from "../model/observation.ts";
import { namesOnlyOne, type Recommendation } from "../model/recommendation.ts";
import { count, seconds, sentences } from "../words.ts";
import { START_METHODS, type StartMethod, startMethod } from "./eligibility.ts";
import { launchPause } from "./launch_pause.ts";
import type { SelectionQuestion } from "./question.ts";
import { ascending, byId } from "./order.ts";

/** The result of the selection for scaling out. `message` explains the selection in sentences. */
export type StartSelection =
  | {
    readonly kind: "start";
    readonly instance: Instance;
    readonly method: StartMethod;
    /** The ids of the instances that kas tries next, in order, if this instance fails to start. */
    readonly fallbacks: readonly string[];
    readonly message: string;
  }
  | {
    readonly kind: "launch";
    readonly template: string;
    readonly message: string;
    /** Why kas must not launch a node yet, in sentences. Absent if kas may launch one now. */
    readonly pause?: string;
    /** Whether a node will be able to start after a pause. */
    readonly waits: boolean;
  }
  | {
    readonly kind: "nothing";
    readonly message: string;
    /** Whether a node will be able to start after a pause. */
    readonly waits: boolean;
  };

/** An instance that kas may start. */
export interface StartCandidate {
  readonly instance: Instance;
  readonly method: StartMethod;
}

/**
 * Selects the instance to start. An instance that the recommendation names is the first candidate. If an operator names an
 * instance, it is the only candidate.
 */
export function selectToStart({ recommendation, observation, index }: SelectionQuestion): StartSelection {
  const { instance: named } = recommendation;
  const all = startCandidates(observation, index.activity);
  const isNamed = ({ instance }: StartCandidate) => instance.id === named;
  const onlyNamed = namesOnlyOne(recommendation);
  const others = onlyNamed ? [] : all.filter((it) => !isNamed(it));
  const inOrder = [...all.filter(isNamed), ...others];
  // Ignore the pauses if an operator names an instance: the operator wants to start it now.
  const pauseOf = onlyNamed ? () => undefined : pauseLookup(observation);
  const candidates = inOrder.filter((it) => pauseOf(it) === undefined);
  const [first, ...rest] = candidates;
  if (first === undefined) {
    const paused = inOrder.flatMap((it) => pauseOf(it) ?? []);
    return withoutCandidate(recommendation, observation, index, paused);
  }
  const skipped = inOrder.slice(0, inOrder.indexOf(first)).flatMap((it) => {
    const pause = pauseOf(it);
    return pause === undefined ? [] : `${it.instance.id} waits. ${pauseSentence(pause)}`;
  });
  return {
    kind: "start",
    ...first,
    fallbacks: rest.map(({ instance }) => instance.id),
    message: sentences(
      `Starting ${first.instance.id}${whyFirst(candidates, named, observation, index.activity)}.`,
      ...skipped.slice(0, 1),
    ),
  };
}

/**
 * Returns a function that returns the pause of a candidate. A pause does not prevent kas from registering a draining node
 * again.
 */
function pauseLookup(observation: Observation): (candidate: StartCandidate) => Pause | undefined {
  const pauses = pausesOf(observation);
  return ({ instance, method }) => (method === "take-back" ? undefined : pauses.of(instance));
}

/**
 * Returns the instances that kas may start, in their order. Draining instances are first, then stopped, then stopping ones.
 * Among these, instances that the fleet lost are last, and then instances of a zone that is down. Among the others, instances of
 * the zone with the least capacity are first. Among these, instances whose start did not fail are
 * first, then those whose start failed longest ago. Among these, the instance that stopped first is first, and an unknown
 * time is last. Then the id decides.
 */
export function startCandidates(
  { now, instances, inProgress, history: { starts = [], losses = [] } }: CandidatesView,
  activity: ActivityOf,
): readonly StartCandidate[] {
  const capacity = capacityByZone(instances, activity);
  const sick = new Set(inProgress.flatMap(({ unhealthy, instance }) => unhealthy ? [instance] : []));
  const lost = new Set(losses.map(({ instance }) => instance));
  const down = new Set(
    losses.filter(({ at, zone }) => recent(at, ZONE_DOWN, now) && !servesIn(zone, instances))
      .map(({ zone }) => zone),
  );
  const failures = lastFailures(starts);
  const failedAt = ({ instance }: StartCandidate) => failures.get(instance.id) ?? -Infinity;
  return instances
    .flatMap((instance) => {
      const found = startMethod(instance, activity(instance.id));
      // kas is stopping this unhealthy instance, and only a complete stop and start repairs it. While the instance still runs, a start
      // would cancel the stop.
      const isSick = instance.state === "running" && sick.has(instance.id);
      return "method" in found && !isSick ? [{ instance, method: found.method }] : [];
    })
    .sort((a, b) =>
      START_METHODS.indexOf(a.method) - START_METHODS.indexOf(b.method) ||
      Number(lost.has(a.instance.id)) - Number(lost.has(b.instance.id)) ||
      Number(down.has(a.instance.zone)) - Number(down.has(b.instance.zone)) ||
      (capacity.get(a.instance.zone) ?? 0) - (capacity.get(b.instance.zone) ?? 0) ||
      ascending(failedAt(a), failedAt(b)) ||
      ascending(a.instance.stoppedAt, b.instance.stoppedAt) ||
      byId(a.instance, b.instance)
    );
}

/** The part of an observation that determines which instances kas may start. */
type CandidatesView = Pick<Observation, "now" | "instances" | "inProgress" | "history">;

/** A zone in which no instance serves counts as down for this long after the fleet lost an instance there, in ms. */
const ZONE_DOWN = 900_000;

function servesIn(zone: string, instances: readonly Instance[]): boolean {
  return instances.some((instance) => instance.zone === zone && inService(instance));
}

function withoutCandidate(
  recommendation: Recommendation,
  observation: Observation,
  index: FleetIndex,
  paused: readonly Pause[],
): StartSelection {
  const { policy, instance: id } = recommendation;
  const named = id === undefined ? undefined : index.instance(id);
  if (policy === "operator" && named !== undefined) {
    const found = startMethod(named, index.activity(named.id));
    return {
      kind: "nothing",
      message: `${named.id} cannot start: ${"why" in found ? found.why : ""}.`,
      waits: false,
    };
  }
  const nodes = observation.instances.filter((instance) => exists(instance) && instance.role === "node");
  const quarantined = nodes.filter(({ quarantine }) => quarantine !== undefined).length;
  const [next] = paused.toSorted((a, b) => a.until - b.until);
  const none = next === undefined
    ? `No standby node is left: the fleet has ${count(nodes.length, "node")}, ${quarantined} in quarantine.`
    : `No standby node can start now: the fleet has ${
      count(nodes.length, "node")
    }, ${quarantined} in quarantine, ${paused.length} paused. ${pauseSentence(next)}`;
  const { grow } = observation.limits;
  const waits = paused.length > 0;
  if (grow === undefined || namesOnlyOne(recommendation)) return { kind: "nothing", message: none, waits };
  const pause = launchPause(observation);
  return {
    kind: "launch",
    template: grow,
    message: sentences(none, `Launching a node from launch template ${grow}.`),
    ...(pause === undefined ? {} : { pause: sentences(none, pause) }),
    waits: waits || pause !== undefined,
  };
}

/** Returns why the first candidate is the first. The text follows "Starting i-1". */
function whyFirst(
  candidates: readonly StartCandidate[],
  named: string | undefined,
  { instances, now }: Observation,
  activity: ActivityOf,
): string {
  const [first] = candidates;
  if (first === undefined) return "";
  const { instance: { id, zone, stoppedAt }, method } = first;
  if (id === named) return ": the operator named it";
  switch (method) {
    case "take-back":
      return " again: it is still draining";
    case "start": {
      const capacity = capacityByZone(instances, activity);
      const inZone = capacity.get(zone) ?? 0;
      const stopped = stoppedAt === undefined
        ? "stopped at an unknown time"
        : `stopped ${seconds(now - stoppedAt)} ago`;
      const standby = candidates.filter((it) => it.method === method);
      const fewest = Math.min(...standby.map(({ instance }) => capacity.get(instance.zone) ?? 0));
      if (standby.length === 1) return `: it is the only stopped node left; ${stopped}`;
      const has = inZone === fewest ? `the fewest instances (${inZone})` : count(inZone, "instance");
      return ` of ${standby.length} stopped nodes: ${zone} has ${has}; ${stopped}`;
    }
    case "wait":
      return " once it has stopped: no stopped node is left";
    default:
      return method satisfies never;
  }
}
