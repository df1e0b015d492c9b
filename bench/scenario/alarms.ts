/**
 * Alarms over one-minute datapoints, evaluated as the sandbox's CloudWatch does.
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
import { THRESHOLDS } from "../../src/scaling/simulate/alarms.ts";
import type { Datapoints, SimulatedFleet } from "../../src/scaling/simulate/fleet.ts";

/** The period of the alarms in s. */
const MINUTE = 60;

/** Thresholds of the alarms, percent of CPU: the defaults of `kas admin setup`. */
export const CPU = { low: THRESHOLDS.cpulow, high: THRESHOLDS.cpuhigh } as const;

/** An alarm and its state. */
export class Watched {
  readonly #rule: Rule;
  readonly #range: (Datapoint | undefined)[] = [];
  state: AlarmState = "INSUFFICIENT_DATA";
  /** When the state last changed, in s since the start of the simulation. */
  changed = 0;

  constructor(rule: Pick<Rule, "comparison" | "threshold"> & { readonly periods: number }) {
    const { comparison, threshold, periods } = rule;
    const both = { evaluationPeriods: periods, datapointsToAlarm: periods };
    this.#rule = { comparison, threshold, ...both, treatMissingData: "missing" };
  }

  /** Evaluates the alarm at the end of a minute. Returns its previous state if the state changed. */
  observe(value: number | undefined, now: number): AlarmState | undefined {
    this.#range.unshift(
      value === undefined ? undefined : { at: (now - MINUTE) * 1_000, value, sampleCount: 1 },
    );
    this.#range.length = Math.min(this.#range.length, evaluationRange(this.#rule));
    // The alarm of an instance that stopped long ago keeps its state. Skipping its evaluation saves time.
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

/** The cpuhigh and cpulow alarms of each instance, which the predecessor uses. */
export function instanceAlarms(fleet: SimulatedFleet): readonly InstanceAlarm[] {
  return fleet.machines.flatMap(({ id }) =>
    ([["cpuhigh", CPU.high], ["cpulow", CPU.low]] as const).map(([kind, threshold]) => ({
      kind,
      id,
      threshold,
      watched: new Watched({ comparison: "GreaterThanOrEqualToThreshold", threshold, periods: 1 }),
    }))
  );
}

/** Evaluates all alarms. Returns the changes of their states. */
export function alarmChanges(alarms: readonly InstanceAlarm[], points: Datapoints, now: number): Change[] {
  return alarms.flatMap(({ kind, id, watched }) => {
    const from = watched.observe(points.cpu.get(id), now);
    return from === undefined ? [] : [{ kind, id, from, to: watched.state }];
  });
}
