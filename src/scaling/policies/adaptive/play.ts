/**
 * Plays all rules on the load, sample by sample.
 *
 * @module
 */
import type { AdaptiveSpec } from "../../model/load/policy.ts";
import { forecastsOf, nextAverage } from "./forecasts.ts";
import type { Minutes } from "./minutes.ts";
import { COLD_RULE, RULES } from "./rules.ts";
import { Scores } from "./scores.ts";
import { instancesFor, Targets, within } from "./targets.ts";

/** The settings that the records of the rules depend on. */
export type PlaySettings = Pick<AdaptiveSpec, "utilization" | "maxSpare">;

/** The load of a period. */
export interface Sample {
  /** When the period ended, in ms since the epoch. */
  readonly at: number;
  /** How long the period was, in ms. */
  readonly span: number;
  /** How many instances the load would keep at 100 %. */
  readonly demand: number;
}

/** What the rules depend on beside the load. */
export interface Circumstances {
  readonly min: number;
  readonly max: number;
  /** The time from a change of the load until the instance that kas then starts serves requests, in ms. */
  readonly lead: number;
}

/** The capacities that the rules recommended at a time. */
interface Recommended {
  readonly at: number;
  readonly targets: Float64Array;
}

/** Plays all rules on the load, and keeps their records. */
export class Play {
  readonly #settings: PlaySettings;
  readonly #minutes: Minutes;
  readonly scores: Scores;
  readonly #targets = new Targets();
  /** How often the capacity of the cold rule fell below the need. */
  #shortages = 0;
  /** Whether the capacity of the cold rule was below the need in the last period. */
  #isShort = false;
  #average: number | undefined;
  /** When the last sample of the forecasts ended, in ms since the epoch. */
  #looked: number | undefined;
  /** What the rules recommended within the last lead, the oldest first. */
  #recent: readonly Recommended[] = [];
  #last: (Sample & Circumstances) | undefined;

  /**
   * @param minutes the demand of the past, which the seasonal forecasts read
   * @param scores the records to continue
   */
  constructor(settings: PlaySettings, minutes: Minutes, scores = new Scores()) {
    this.#settings = settings;
    this.#minutes = minutes;
    this.scores = scores;
  }

  /** The newest sample. Undefined before the first sample. */
  get last(): (Sample & Circumstances) | undefined {
    return this.#last;
  }

  /** How often the capacity of the cold rule fell below the need. */
  get shortages(): number {
    return this.#shortages;
  }

  /** Returns how many instances a demand needs. */
  needOf(demand: number): number {
    return instancesFor(demand, this.#settings.utilization / 100);
  }

  /** Returns the capacity that a rule recommends. */
  capacityOf(rule: number): number {
    return this.#recent.at(-1)?.targets[rule] ?? 0;
  }

  /** Returns the capacity that a rule recommends without the ceiling of the spare instances. Undefined if there is no ceiling. */
  capacityWithoutCeiling(rule: number): number | undefined {
    if (this.#settings.maxSpare === undefined || this.#last === undefined) return undefined;
    const { min, max } = this.#last;
    return this.#targets.all({ min, max, maxSpare: Infinity })[rule];
  }

  /** Plays the rules on a sample. Returns the part of its period that is new, in ms. */
  add(sample: Sample, circumstances: Circumstances): number {
    const { at, demand } = sample;
    const { min, max, lead } = circumstances;
    const span = Math.min(sample.span, at - (this.#last?.at ?? -Infinity));
    this.look(sample, lead);
    const targets = this.#targets.all({ min, max, maxSpare: this.#settings.maxSpare ?? Infinity });
    const before = this.#recent.at(-1)?.targets;
    this.#recent = [...this.#recent.filter((it) => it.at >= at - lead), { at, targets }];
    this.#last = { ...circumstances, ...sample };
    const need = within(this.needOf(demand), circumstances);
    const ready = leastOf(this.#recent);
    this.scores.add({ span, need, targets, ready, before });
    const isShort = (ready[COLD_RULE] ?? 0) < need;
    if (isShort && !this.#isShort) this.#shortages++;
    this.#isShort = isShort;
    return span;
  }

  /** Returns a play that continues the records, and knows nothing of the last hour. */
  withoutPresent(): Play {
    const play = new Play(this.#settings, this.#minutes, this.scores);
    play.#shortages = this.#shortages;
    play.#isShort = this.#isShort;
    return play;
  }

  /** Makes the forecasts for a sample, which the rules hold. The sample does not count in the records. */
  look({ at, span, demand }: Sample, lead: number): void {
    const elapsed = at - (this.#looked ?? at - span);
    this.#looked = at;
    this.#average = nextAverage(this.#average, demand, elapsed);
    const forecasts = forecastsOf({ at, demand, average: this.#average, minutes: this.#minutes, lead });
    this.#targets.add(at, forecasts, this.#settings.utilization / 100);
  }
}

/** Returns the least capacity that each rule recommended. */
function leastOf(recent: readonly Recommended[]): Float64Array {
  const least = new Float64Array(RULES.length).fill(Infinity);
  for (const { targets } of recent) {
    for (let i = 0; i < least.length; i++) {
      const target = targets[i] ?? 0;
      if (target < (least[i] ?? 0)) least[i] = target;
    }
  }
  return least;
}
