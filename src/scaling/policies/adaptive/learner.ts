/**
 * Replays many simple rules on the fleet's own past, and follows the cheapest one that would have kept the risk.
 *
 * @module
 */
import type { AdaptiveSpec } from "../../model/load/policy.ts";
import { type Choice, choose } from "./choice.ts";
import { forecastsOf, nextAverage } from "./forecasts.ts";
import { MINUTE, Minutes } from "./minutes.ts";
import { COLD_RULE, HOLDS, RULES } from "./rules.ts";
import { Scores } from "./scores.ts";
import { decode, encode } from "./state.ts";
import { type Bounds, instancesFor, Targets, within } from "./targets.ts";
import type { AdaptiveView, RuleRecord } from "./view.ts";

/** How often kas chooses a rule, in ms. */
const CHOICE_INTERVAL = 300_000;

/**
 * For how long kas follows the cold rule, in ms: for the shorter time if the cold rule was short often, else for the longer time. A
 * load that rose once shows no pattern yet, and other rules would only add spare instances.
 */
const COLD = [20 * MINUTE, 120 * MINUTE] as const;

/** How often the cold rule must have been short before kas chooses after the shorter time. */
const OFTEN = 3;

/** A sample that ended at most this long before the last one is a duplicate or late, in ms. An older one: the clock was set back. */
const CLOCK_TOLERANCE = 300_000;

/** The largest demand that the learner believes, in instances. */
const MOST_DEMAND = 1_000_000;

/** The settings of the adaptive policy. */
export type AdaptiveSettings = Pick<AdaptiveSpec, "utilization" | "risk" | "maxSpare">;

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
  /** How long it takes from a change of the load until an instance serves that kas starts because of it, in ms. */
  readonly lead: number;
}

/** The capacities that the rules recommended at a time. */
interface Recommended {
  readonly at: number;
  readonly targets: Float64Array;
}

/** Learns which rule to follow. */
export class Learner {
  readonly #settings: AdaptiveSettings;
  #minutes = new Minutes();
  #scores = new Scores();
  #targets = new Targets();
  #choice: Choice = { rule: COLD_RULE };
  #measured = 0;
  /** How often the cold rule became short. */
  #shortages = 0;
  /** Whether the cold rule was short in the last period. */
  #isShort = false;
  #average: number | undefined;
  /** When the last sample of the forecasts ended, in ms since the epoch. */
  #looked: number | undefined;
  /** What the rules recommended within the last lead, the oldest first. */
  #recent: readonly Recommended[] = [];
  #last: (Sample & Circumstances) | undefined;
  #choiceDue = -Infinity;
  /** Whether the records of the rules are from other settings. */
  #mustReplay = false;

  constructor(settings: AdaptiveSettings) {
    this.#settings = settings;
  }

  /** Returns a learner that continues from saved bytes. Undefined if the bytes are damaged, or from another version. */
  static restore(bytes: Uint8Array, settings: AdaptiveSettings): Learner | undefined {
    const memory = decode(bytes);
    if (memory === undefined) return undefined;
    const { maxSpare = Infinity, utilization } = settings;
    const learner = new Learner(settings);
    learner.#minutes = memory.minutes;
    learner.#measured = memory.measured;
    learner.#mustReplay = memory.utilization !== utilization || memory.maxSpare !== maxSpare;
    if (!learner.#mustReplay) {
      learner.#scores = new Scores(memory.sums);
      learner.#choice = { rule: memory.rule };
    }
    return learner;
  }

  /** Returns what the learner remembers over a restart, as bytes. */
  save(): Uint8Array<ArrayBuffer> {
    const { maxSpare = Infinity, utilization } = this.#settings;
    return encode({
      minutes: this.#minutes,
      sums: this.#scores.sums,
      rule: this.#choice.rule,
      measured: this.#measured,
      utilization,
      maxSpare,
    });
  }

  /** Adds a sample. Ignores a sample that is not newer than the last one, and one that is not a number. */
  note(sample: Sample, circumstances: Circumstances): void {
    const { at, span, demand } = sample;
    if (!Number.isFinite(at) || !(span > 0) || !(demand >= 0 && demand <= MOST_DEMAND)) return;
    const since = at - (this.#last?.at ?? -Infinity);
    if (since <= 0 && since >= -CLOCK_TOLERANCE) return;
    if (since < 0) this.#goBackTo(at);
    if (this.#last === undefined) this.#resume(at, circumstances);
    this.#minutes.add(at, demand);
    this.#measured += this.#play(sample, circumstances);
    if (at >= this.#choiceDue) this.#choose(at);
  }

  /** Returns what kas knows now. Undefined before the first sample. */
  view(): AdaptiveView | undefined {
    if (this.#last === undefined) return undefined;
    const { at, demand, lead } = this.#last;
    const { rule, runnerUp, cheaper } = this.#choice;
    const chosen = this.#recordOf(rule);
    const free = this.#settings.maxSpare === undefined
      ? undefined
      : this.#targets.all({ ...this.#bounds(this.#last), maxSpare: Infinity })[rule];
    return {
      at,
      demand,
      need: instancesFor(demand, this.#utilization),
      lead,
      measured: this.#measured,
      ...(this.#isCold ? { cold: true } : {}),
      chosen,
      ...(free === undefined || free === chosen.capacity ? {} : { withoutCeiling: free }),
      ...(runnerUp === undefined ? {} : { runnerUp: this.#recordOf(runnerUp) }),
      ...(cheaper === undefined ? {} : { cheaper: this.#recordOf(cheaper) }),
    };
  }

  /** Replays the rules on a sample. Returns the part of its period that is new, in ms. */
  #play(sample: Sample, circumstances: Circumstances): number {
    const { at, demand } = sample;
    const { lead } = circumstances;
    const span = Math.min(sample.span, at - (this.#last?.at ?? -Infinity));
    this.#look(sample, lead);
    const targets = this.#targets.all(this.#bounds(circumstances));
    const before = this.#recent.at(-1)?.targets;
    this.#recent = [...this.#recent.filter((it) => it.at >= at - lead), { at, targets }];
    this.#last = { ...sample, ...circumstances };
    const need = within(instancesFor(demand, this.#utilization), circumstances);
    const ready = leastOf(this.#recent);
    this.#scores.add({ span, need, targets, ready, before });
    const isShort = (ready[COLD_RULE] ?? 0) < need;
    if (isShort && !this.#isShort) this.#shortages++;
    this.#isShort = isShort;
    return span;
  }

  /** Makes the forecasts for a sample. */
  #look({ at, span, demand }: Sample, lead: number): void {
    const elapsed = at - (this.#looked ?? at - span);
    this.#looked = at;
    this.#average = nextAverage(this.#average, demand, elapsed);
    const forecasts = forecastsOf({ at, demand, average: this.#average, minutes: this.#minutes, lead });
    this.#targets.add(at, forecasts, this.#utilization);
  }

  /**
   * Continues from what the learner remembers. The last hour gives the capacity that the rules hold. After a change of the settings,
   * the whole week gives new records of the rules.
   */
  #resume(at: number, circumstances: Circumstances): void {
    const from = this.#mustReplay ? -Infinity : at - Math.max(...HOLDS);
    for (const { end, demand } of this.#minutes.since(from)) {
      const sample = { at: end, span: MINUTE, demand };
      if (end >= at) break;
      if (this.#mustReplay) this.#play(sample, circumstances);
      else this.#look(sample, circumstances.lead);
    }
    this.#mustReplay = false;
  }

  #choose(at: number): void {
    this.#choiceDue = at + CHOICE_INTERVAL;
    if (this.#isCold) return;
    const age = at - (this.#minutes.first ?? at);
    this.#choice = choose(this.#choice.rule, this.#scores, this.#settings.risk, age);
  }

  /** Forgets what is after a time, because the clock was set back. The records of the rules stay. */
  #goBackTo(at: number): void {
    this.#minutes.forgetAfter(at);
    this.#targets = new Targets();
    this.#recent = [];
    this.#average = undefined;
    this.#looked = undefined;
    this.#last = undefined;
    this.#choiceDue = -Infinity;
  }

  get #isCold(): boolean {
    return this.#measured < COLD[this.#shortages < OFTEN ? 1 : 0];
  }

  get #utilization(): number {
    return this.#settings.utilization / 100;
  }

  #bounds({ min, max }: Circumstances): Bounds {
    return { min, max, maxSpare: this.#settings.maxSpare ?? Infinity };
  }

  #recordOf(rule: number): RuleRecord {
    const { forecast = "now", factor = 1, spare = 0, hold = 0 } = RULES[rule] ?? {};
    return {
      forecast,
      factor,
      spare,
      hold,
      capacity: this.#recent.at(-1)?.targets[rule] ?? 0,
      short: this.#scores.short(rule),
      spareShare: this.#scores.spareShare(rule),
      startsPerDay: this.#scores.startsPerDay(rule),
    };
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
