/**
 * The conditions of the alerts. To add an alert, add its name to {@linkcode ALERT_NAMES} and its condition here.
 *
 * @module
 */
import { stopsOf } from "../../scaling/checks/cap.ts";
import { judgeQuarantine } from "../../scaling/faults/quarantine.ts";
import { boundsOf, capacityOf } from "../../scaling/model/capacity.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import { capacityText } from "../../scaling/policies/bounds.ts";
import { exists, type Instance } from "../../scaling/model/instance.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { whyNotStoppable } from "../../scaling/selection/eligibility.ts";
import { boundText, count, sentences, someOf } from "../../scaling/words.ts";
import type { Tuning } from "../assembly_options.ts";
import { unhealthyOnes } from "../http/snapshot.ts";
import { ALERT_NAMES, type AlertName } from "./alert.ts";

/** All data on which the alerts depend. */
export interface AlertView {
  /** The time in ms since the epoch. */
  readonly now: number;
  readonly tuning: Pick<Tuning, "limits" | "startTimeout">;
  /** The last observation of the fleet. */
  readonly observation: Observation | undefined;
  /** The decision on that observation, if it is the decision of a reconcile. */
  readonly decision: Decision | undefined;
  /** Why the last observation failed. Undefined if it succeeded. */
  readonly observationError: string | undefined;
}

/** A condition that is true now. */
export interface Condition {
  /** What is wrong, and what kas does about it, in sentences. */
  readonly reason: string;
  /** The alert fires when the condition has been true for this time, in ms. */
  readonly patience: number;
}

/** A condition, and the name of the alert that it causes. */
export interface NamedCondition extends Condition {
  readonly name: AlertName;
}

/** The patience of `cannot-observe`: a number of intervals between reconciles, but at most a time in ms. */
const BLIND = { intervals: 3, longest: 300_000 };

/** The largest number of instances that a reason names. */
const NAMED = 5;

const CONDITIONS: Readonly<Record<AlertName, (view: AlertView) => Condition | undefined>> = {
  "below-min": belowMin,
  unhealthy,
  "quarantine-cap": quarantineCap,
  "cannot-stop": cannotStop,
  "cannot-observe": cannotObserve,
};

/** Returns the conditions that are true now. */
export function alertsOf(view: AlertView): NamedCondition[] {
  return ALERT_NAMES.flatMap((name) => {
    const condition = CONDITIONS[name](view);
    return condition === undefined ? [] : [{ name, ...condition }];
  });
}

/** Whether kas can tell if a condition is true. Before the first observation of the fleet, it can only for `cannot-observe`. */
export function isKnown(name: AlertName, { observation }: AlertView): boolean {
  return observation !== undefined || name === "cannot-observe";
}

/**
 * Instances that are joining do not count. If they did, the alert would end at each start, and begin again when that start fails.
 */
function belowMin({ tuning, observation, decision }: AlertView): Condition | undefined {
  if (observation === undefined) return undefined;
  const capacity = capacityOf(observation);
  const { min } = boundsOf(observation);
  if (capacity.inService + capacity.failing >= min.value) return undefined;
  const held = (decision?.desired ?? min.value) < min.value ? decision?.checks[0] : undefined;
  if (held === undefined) {
    const reason = `Capacity is ${capacityText(capacity)}, and min is ${boundText(min, observation.now)}.`;
    return { reason, patience: tuning.startTimeout };
  }
  return {
    reason: sentences(`The check ${held} holds back the restoration of min.`, decision?.reason ?? ""),
    patience: 0,
  };
}

function unhealthy({ observation }: AlertView): Condition | undefined {
  if (observation === undefined) return undefined;
  const found = unhealthyOnes(observation).filter(({ role }) => role !== "node");
  if (found.length === 0) return undefined;
  return {
    reason: `Unhealthy: ${named(found)}. kas does not stop base and control instances.`,
    patience: 0,
  };
}

/** Nodes keep running, or keep being started, although they fail: the health check or a new version of the service may be wrong. */
function quarantineCap({ now, observation }: AlertView): Condition | undefined {
  if (observation === undefined) return undefined;
  const view = { ...observation, now };
  const { busy, most } = stopsOf(view);
  if (busy < most) return undefined;
  const started = new Set(observation.history.starts?.map(({ instance }) => instance));
  const failing = observation.instances.filter((instance) =>
    started.has(instance.id) && exists(instance) && instance.role === "node" &&
    instance.quarantine === undefined && judgeQuarantine(instance.id, view) === "capped"
  );
  const waiting = unhealthyOnes(observation).filter((it) => whyNotStoppable(it, undefined) === undefined);
  const found = [...new Set([...failing, ...waiting])];
  if (found.length === 0) return undefined;
  return {
    reason:
      `Unhealthy: ${named(found)}. kas stops and quarantines at most ${
        count(most, "node")
      } within an hour, ` +
      "because the cause may be outside of the nodes.",
    patience: 0,
  };
}

function cannotStop({ observation }: AlertView): Condition | undefined {
  if (observation === undefined) return undefined;
  const found = unhealthyOnes(observation).filter(({ role, refusesStop }) =>
    role === "node" && refusesStop !== undefined
  );
  const [first] = found;
  if (first === undefined) return undefined;
  return {
    reason: `Unhealthy: ${named(found)}. EC2 refuses to stop ${first.id}: ${first.refusesStop}.`,
    patience: 0,
  };
}

function cannotObserve({ tuning, observationError }: AlertView): Condition | undefined {
  if (observationError === undefined) return undefined;
  return {
    reason: `kas cannot observe the fleet: ${observationError}`,
    patience: Math.min(BLIND.longest, BLIND.intervals * tuning.limits.resync),
  };
}

/** Returns the ids and roles of instances as text, with what EC2 reports of them. */
function named(instances: readonly Instance[]): string {
  const names = instances.map(({ id, role, impaired }) =>
    `${id} (${[role, impaired].filter((it) => it !== undefined).join(", ")})`
  );
  return someOf(names, NAMED);
}
