/**
 * The cpuhigh and cpulow alarms of each instance, which CloudWatch evaluates on the datapoints that can be read.
 *
 * @module
 */
import type { Alarm, AlarmChange, AlarmKind, AlarmState } from "../model/alarm.ts";
import type { Datapoints } from "./fleet.ts";
import type { World } from "./world.ts";

/** Thresholds of the alarms, percent of CPU: the defaults of `kas admin setup`. */
export const THRESHOLDS = { cpulow: 42, cpuhigh: 80 } as const;

/** How many periods CloudWatch reads for an alarm of one period. Source: CloudWatch user guide, "evaluation range". */
const RANGE = 3;

/** An alarm, and its datapoints of the evaluation range, the newest first. */
interface Watched {
  readonly kind: Exclude<AlarmKind, "reqcount">;
  readonly id: string;
  readonly range: (number | undefined)[];
  state: AlarmState;
  /** s. */
  changed: number;
}

/** The alarms of a fleet, of one period each. */
export class SimulatedAlarms {
  readonly #fleet: string;
  readonly #world: World;
  readonly #watched: readonly Watched[];
  /** Datapoints that can be read, but on which the alarms are not evaluated yet, and when they are, in seconds. */
  readonly #waiting: { readonly due: number; readonly points: Datapoints }[] = [];

  constructor(fleet: string, ids: readonly string[], world: World) {
    this.#fleet = fleet;
    this.#world = world;
    this.#watched = ids.flatMap((id) =>
      (["cpuhigh", "cpulow"] as const).map((kind): Watched => (
        { kind, id, range: [], state: "INSUFFICIENT_DATA", changed: 0 }
      ))
    );
  }

  /** Takes datapoints that can be read now, evaluates what is due, and returns what changed. */
  observe(points: Datapoints | undefined, now: number): AlarmChange[] {
    if (points !== undefined) this.#waiting.push({ due: now + this.#world.evaluationLag, points });
    const [next] = this.#waiting;
    if (next === undefined || next.due > now) return [];
    this.#waiting.shift();
    return this.#watched.flatMap((alarm) => this.#evaluate(alarm, next.points.cpu.get(alarm.id), now));
  }

  /** The alarms as CloudWatch describes them. */
  describe(): Alarm[] {
    return this.#watched.map(({ kind, id, state, changed }) => ({
      fleet: this.#fleet,
      kind,
      dimension: id,
      state,
      threshold: THRESHOLDS[kind],
      period: this.#world.period,
      changed: changed * 1_000,
    }));
  }

  #evaluate(alarm: Watched, value: number | undefined, now: number): AlarmChange[] {
    const { kind, id, range, state: from } = alarm;
    range.unshift(value);
    range.length = Math.min(range.length, RANGE);
    const newest = range.find((it) => it !== undefined);
    const to = newest === undefined ? "INSUFFICIENT_DATA" : newest >= THRESHOLDS[kind] ? "ALARM" : "OK";
    if (to === from) return [];
    alarm.state = to;
    alarm.changed = now;
    return [{ fleet: this.#fleet, kind, dimension: id, from, to, at: now * 1_000 }];
  }
}
