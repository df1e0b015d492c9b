/**
 * Alarms over a minute's datapoints, evaluated as the sandbox's CloudWatch evaluates them.
 *
 * @module
 */
import {
  type Datapoint,
  evaluate,
  evaluationRange,
  type Rule,
} from "../../src/sandbox/cloudwatch/alarm_evaluation.ts";
import type { AlarmKind, AlarmState } from "../../src/scaling/model/alarm.ts";
import { type Datapoints, MINUTE, type Plant } from "./plant.ts";

/** CPU below which an instance asks for less, and from which for more, percent: the defaults of `kas admin setup`. */
export const CPU = { low: 42, high: 80 } as const;

/** An alarm and its state. */
export class Watched {
  readonly #rule: Rule;
  readonly #range: (Datapoint | undefined)[] = [];
  state: AlarmState = "INSUFFICIENT_DATA";
  /** s since the beginning. */
  changed = 0;

  constructor(rule: Pick<Rule, "comparison" | "threshold"> & { readonly periods: number }) {
    const { comparison, threshold, periods } = rule;
    const both = { evaluationPeriods: periods, datapointsToAlarm: periods };
    this.#rule = { comparison, threshold, ...both, treatMissingData: "missing" };
  }

  /** Evaluates it at the end of a minute; returns the state that it left, undefined where it is in the same. */
  observe(value: number | undefined, now: number): AlarmState | undefined {
    this.#range.unshift(
      value === undefined ? undefined : { at: (now - MINUTE) * 1_000, value, sampleCount: 1 },
    );
    this.#range.length = Math.min(this.#range.length, evaluationRange(this.#rule));
    // An alarm whose instance has long stopped stays as it is, and costs nothing to look at.
    if (this.state === "INSUFFICIENT_DATA" && this.#range.every((point) => point === undefined)) {
      return undefined;
    }
    const before = this.state;
    const state = evaluate(this.#rule, this.#range)?.state ?? before;
    if (state === before) return undefined;
    this.state = state;
    this.changed = now;
    return before;
  }
}

/** A change of an instance's alarm. */
export interface Change {
  readonly kind: Exclude<AlarmKind, "reqcount">;
  readonly id: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
}

/** An instance's alarm. */
export interface InstanceAlarm {
  readonly kind: Change["kind"];
  readonly id: string;
  readonly threshold: number;
  readonly watched: Watched;
}

/** The alarms for high and low CPU of each instance, as kas and its predecessor have them. */
export function instanceAlarms(plant: Plant): readonly InstanceAlarm[] {
  return plant.machines.flatMap(({ id }) =>
    ([["cpuhigh", CPU.high], ["cpulow", CPU.low]] as const).map(([kind, threshold]) => ({
      kind,
      id,
      threshold,
      watched: new Watched({ comparison: "GreaterThanOrEqualToThreshold", threshold, periods: 1 }),
    }))
  );
}

/** Evaluates them all; what changed. */
export function changes(alarms: readonly InstanceAlarm[], points: Datapoints, now: number): Change[] {
  return alarms.flatMap(({ kind, id, watched }) => {
    const from = watched.observe(points.get(id), now);
    return from === undefined ? [] : [{ kind, id, from, to: watched.state }];
  });
}
