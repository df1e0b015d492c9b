/**
 * What an operator learns of a command to scale: the decision, and the states of its activities. The autoscaler answers with it,
 * and `kas admin scale` uses it if it scales by itself.
 *
 * @module
 */
import { assess } from "../../scaling/explain.ts";
import { capacityOf } from "../../scaling/model/capacity.ts";
import { instanceOf } from "../../scaling/model/decision.ts";
import type { Observation, Override } from "../../scaling/model/observation.ts";
import { whyOutOfBounds } from "../../scaling/policies/operator.ts";
import type { PolicyAnswer } from "../../scaling/policies/table.ts";
import type { Journal } from "../store/journal.ts";
import type { OverrideProgress } from "../store/operator/override.ts";
import type { Evaluation } from "./evaluate.ts";

/** The decision on a command. */
export interface Decided {
  readonly actions: readonly { readonly kind: string; readonly instance: string | null }[];
  readonly reason: string;
  /** The checks that hold actions back. */
  readonly checks: readonly string[];
  /** The ids of the activities, in the order of the actions. Empty if kas only decided. */
  readonly activities: readonly number[];
  /** The number of instances in service at the decision. */
  readonly inService: number;
  /** The capacity that an operator asked for and that is in force after the decision. */
  readonly override: Override | null;
  /** How far the fleet has come to it. */
  readonly progress: OverrideProgress | null;
  /** What each policy recommends, and the results of the checks. Only if kas only decided. */
  readonly assessment?: {
    /** The values of all metrics that formulas can use. */
    readonly metrics: readonly MetricAnswer[];
    readonly policies: readonly PolicyAnswer[];
    readonly checks: readonly { readonly name: string; readonly status: string; readonly message: string }[];
  } | undefined;
}

/** The value of a metric. */
export interface MetricAnswer {
  readonly name: string;
  /** Null if kas has no value. */
  readonly value: number | null;
  /** How old the value is, in ms. Null if kas has no value. */
  readonly age: number | null;
  readonly source: string;
  /** Why kas has no value. Null if it has one. */
  readonly why: string | null;
}

/** The state of an activity, for a person who waits for its end. */
export interface ActivityState {
  readonly id: number;
  readonly kind: string;
  readonly instance: string | null;
  readonly status: string | null;
  readonly reason: string;
  /** The last step. An unfinished step ends with `…`. */
  readonly step: string | null;
}

/** Returns, in a sentence, why kas refuses a command. Undefined if kas accepts it. */
export function refusalOf({ trigger, observation }: Evaluation): string | undefined {
  return trigger.kind === "operator" && trigger.direction === "to"
    ? whyOutOfBounds(trigger.capacity, observation)
    : undefined;
}

/**
 * Returns the decision on a command.
 *
 * @param isTrial whether kas only decided
 */
export function decidedOf(
  { trigger, decision: { actions, reason, checks }, observation, activities }: Evaluation,
  { overrides }: Pick<Journal, "overrides">,
  { now, isTrial }: { readonly now: number; readonly isTrial: boolean },
): Decided {
  const trial = () => {
    const { policies, lists } = assess(trigger, observation);
    const checks = lists.flatMap((list) =>
      list.checks.map(({ name, status, message }) => ({ name, status, message }))
    );
    return { assessment: { metrics: metricsOf(observation), policies, checks } };
  };
  return {
    actions: actions.map((action) => ({ kind: action.kind, instance: instanceOf(action) ?? null })),
    reason,
    checks,
    activities: activities.map(({ id }) => id),
    inService: capacityOf(observation).inService,
    override: overrides.inForce(now) ?? null,
    progress: overrides.progress ?? null,
    ...(isTrial ? trial() : {}),
  };
}

function metricsOf({ metrics = {}, now }: Observation): MetricAnswer[] {
  return Object.entries(metrics).map(([name, { value = null, at, source, why = null }]) => ({
    name,
    value,
    age: value === null || at === undefined ? null : Math.max(0, now - at),
    source,
    why,
  }));
}

/**
 * Returns the states of activities. Omits those that the journal does not have.
 *
 * @throws {DamagedRowError} if the row of an activity or of its decision is damaged
 */
export function activityStates(
  ids: readonly number[],
  journal: Pick<Journal, "line" | "steps">,
  now: number,
): ActivityState[] {
  return ids.flatMap((id) => {
    const line = journal.line({ id }, now);
    if (line === undefined) return [];
    const last = journal.steps(id).at(-1);
    const { kind, status, instance, reason } = line;
    const step = last === undefined ? null : `${last.step}${last.ended === undefined ? "…" : ""}`;
    return [{ id, kind, instance, status, reason, step }];
  });
}
