/**
 * Tries instances without their quarantine, protection, maintenance or activity in progress, healthy instances, a fleet that lost no
 * instance, and an additional node.
 *
 * @module
 */
import { exists, inService, type Instance } from "../model/instance.ts";
import type { Observation } from "../model/observation.ts";
import type { Recommendation } from "../model/recommendation.ts";
import type { Trigger } from "../model/trigger.ts";
import { count } from "../words.ts";
import { type Change, MOST } from "./change.ts";

/** The id of the additional node, which the fleet does not have. */
export const ONE_MORE = "one-more";

/**
 * Tries each instance without its quarantine, protection, maintenance or activity in progress, the history without failed starts, and the
 * instance that the trigger names in service.
 */
export function released(
  trigger: Trigger,
  recommendation: Recommendation | undefined,
  observation: Observation,
): Change[][] {
  const { instances, inProgress, history: { starts, ...history } } = observation;
  const quarantined = instances.filter(({ quarantine }) => quarantine !== undefined).slice(0, MOST)
    .map(({ id }) => ({
      change: `with ${id} released from its quarantine`,
      observation: withInstance(observation, id, ({ quarantine: _, ...free }) => free),
    }));
  const unprotected = instances.filter((it) => it.protected).slice(0, MOST).map(({ id }) => ({
    change: `with ${id} no longer protected`,
    observation: withInstance(observation, id, ({ protected: _, ...free }) => free),
  }));
  const attached = instances.filter((it) => it.detached).slice(0, MOST).map(({ id }) => ({
    change: `with ${id} no longer detached`,
    observation: withInstance(observation, id, ({ detached: _, ...free }) => free),
  }));
  const withoutActivity = inProgress.slice(0, MOST).map(({ kind, instance }, i) => ({
    change: `without the ${kind}${instance === undefined ? "" : ` of ${instance}`} in progress`,
    observation: { ...observation, inProgress: inProgress.filter((_, at) => at !== i) },
  }));
  const withoutFailures = starts === undefined
    ? []
    : [{ change: "without the failed starts", observation: { ...observation, history } }];
  const alarm = trigger.kind === "notification" ? trigger.alarm : undefined;
  const named = recommendation === undefined
    ? alarm?.dimension
    : recommendation.direction === "in"
    ? recommendation.instance
    : undefined;
  const inServiceInstead = instances.filter((it) => it.id === named && exists(it) && !inService(it)).map((
    { id },
  ) => ({
    change: `if ${id} were in service`,
    observation: withInstance(
      observation,
      id,
      (it) => ({ ...it, state: "running", registration: "in-service" }),
    ),
  }));
  return [quarantined, unprotected, attached, withoutFailures, withoutActivity, inServiceInstead];
}

/** Tries each failing or unhealthy instance in service. */
export function healthy(observation: Observation): Change[] {
  return observation.instances.filter(({ health }) => health !== undefined).slice(0, MOST).map(({ id }) => ({
    change: `if ${id} were healthy`,
    observation: withInstance(
      observation,
      id,
      ({ health: _, failingSince: __, impaired: ___, ...rest }) => ({ ...rest, registration: "in-service" }),
    ),
  }));
}

/** Tries the observation without the instances that the fleet lost and has not replaced. */
export function withoutLosses(observation: Observation): Change[] {
  const { losses = [], ...history } = observation.history;
  const open = losses.filter((loss) => loss.open).length;
  if (open === 0) return [];
  const change = `if the fleet had not lost ${count(open, "instance")}`;
  return [{ change, observation: { ...observation, history } }];
}

/** Tries one more node: a stopped node for scaling out, and a node in service that takes its share of the load for scaling in. */
export function oneMore(recommendation: Recommendation | undefined, observation: Observation): Change[] {
  if (recommendation === undefined) return [];
  const { instances, cpu = {}, now } = observation;
  const stopped = recommendation.direction === "out";
  const node: Instance = {
    id: ONE_MORE,
    name: "",
    role: "node",
    type: instances[0]?.type ?? "",
    zone: instances[0]?.zone ?? "",
    launched: 0,
    ...(stopped
      ? { state: "stopped", stoppedAt: 0, registration: "none" }
      : { state: "running", registration: "in-service" }),
  };
  return [{
    change: stopped
      ? "with one more stopped node in the fleet"
      : "with one more node in service under the same load",
    observation: {
      ...observation,
      instances: [...instances, node],
      cpu: stopped ? cpu : { ...cpu, [ONE_MORE]: { percent: 0, at: now } },
    },
  }];
}

function withInstance(
  observation: Observation,
  id: string,
  change: (instance: Instance) => Instance,
): Observation {
  return {
    ...observation,
    instances: observation.instances.map((it) => (it.id === id ? change(it) : it)),
  };
}
