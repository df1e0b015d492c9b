/**
 * Simulates the cpuhigh and cpulow alarms of each instance. CloudWatch evaluates an alarm when it has received datapoints.
 *
 * @module
 */
import type { Alarm, AlarmChange, AlarmKind } from "../model/alarm.ts";
import type { Datapoints } from "./meter.ts";
import type { World } from "./world.ts";

/** The thresholds of the alarms, in percent of CPU. */
export interface Thresholds {
  readonly cpulow: number;
  readonly cpuhigh: number;
}

/** The defaults of `kas admin setup`. */
export const THRESHOLDS: Thresholds = { cpulow: 42, cpuhigh: 80 };

/** How many periods CloudWatch reads for an alarm that evaluates one period. Source: CloudWatch user guide, "evaluation range". */
const RANGE = 3;

/** An alarm and its state. */
interface Watched {
  readonly kind: Exclude<AlarmKind, "reqcount">;
  /** The instance's id. */
  readonly id: string;
  /** The datapoints of the evaluation range, the newest first. Undefined for a period without a datapoint. */
  readonly range: (number | undefined)[];
  /** The alarm as DescribeAlarms returns it. */
  described: Alarm;
}

/** The alarms of a fleet. Each alarm evaluates one period. */
export class SimulatedAlarms {
  readonly #fleet: string;
  readonly #world: World;
  readonly #watched: readonly Watched[];
  /** The alarms as DescribeAlarms returns them. Undefined after a change. */
  #described: readonly Alarm[] | undefined;
  /** Datapoints that CloudWatch has received, but not evaluated yet. `due` is when it evaluates them, in seconds. */
  readonly #waiting: { readonly due: number; readonly points: Datapoints }[] = [];

  constructor(fleet: string, ids: readonly string[], world: World, thresholds = THRESHOLDS) {
    this.#fleet = fleet;
    this.#world = world;
    this.#watched = ids.flatMap((id) =>
      (["cpuhigh", "cpulow"] as const).map((kind): Watched => ({
        kind,
        id,
        range: [],
        described: {
          fleet,
          kind,
          dimension: id,
          state: "INSUFFICIENT_DATA",
          threshold: thresholds[kind],
          period: world.period,
          changed: 0,
        },
      }))
    );
  }

  /** Receives new datapoints, evaluates the alarms on the datapoints that are due, and returns the alarm changes. */
  observe(points: Datapoints | undefined, now: number): AlarmChange[] {
    if (points !== undefined) this.#waiting.push({ due: now + this.#world.evaluationLag, points });
    const [next] = this.#waiting;
    if (next === undefined || next.due > now) return [];
    this.#waiting.shift();
    return this.#watched.flatMap((alarm) => this.#evaluate(alarm, next.points.cpu.get(alarm.id), now));
  }

  /** Returns the alarms as DescribeAlarms does. */
  describe(): readonly Alarm[] {
    this.#described ??= this.#watched.map(({ described }) => described);
    return this.#described;
  }

  #evaluate(alarm: Watched, value: number | undefined, now: number): AlarmChange[] {
    const { kind, id, range, described: { state: from, threshold } } = alarm;
    range.unshift(value);
    range.length = Math.min(range.length, RANGE);
    const newest = range.find((it) => it !== undefined);
    const to = newest === undefined ? "INSUFFICIENT_DATA" : newest >= threshold ? "ALARM" : "OK";
    if (to === from) return [];
    alarm.described = { ...alarm.described, state: to, changed: now * 1_000 };
    this.#described = undefined;
    return [{ fleet: this.#fleet, kind, dimension: id, from, to, at: now * 1_000 }];
  }
}
