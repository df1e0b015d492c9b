/**
 * Replays many simple rules on the fleet's own past, and follows the cheapest one that would have kept the risk.
 *
 * @module
 */
import type { AdaptiveSpec } from "../../model/load/policy.ts";
import { type Choice, choose } from "./choice.ts";
import { MINUTE, type MinuteOfDemand, Minutes } from "./minutes.ts";
import { type Circumstances, Play, type Sample } from "./play.ts";
import { COLD_RULE, HOLDS, RULES } from "./rules.ts";
import { Scores } from "./scores.ts";
import { decode, encode } from "./state.ts";
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

/**
 * How many minutes of the past {@linkcode Learner.replay} plays: about 1.5 ms of CPU time (`deno task bench learner`). A week at once would delay a decision by a
 * third of a second.
 */
const REPLAYED = 120;

/** With at most so many minutes left, the next sample ends a replay: the minutes since the last call of {@linkcode Learner.replay}. */
const LEFT = 5;

/** The settings of the adaptive policy. */
export type AdaptiveSettings = Pick<AdaptiveSpec, "utilization" | "risk" | "maxSpare">;

/** A replay of the past, which gives new records of the rules. Meanwhile the learner still learns from new samples. */
interface Replay {
  readonly play: Play;
  /** The end of the last minute that was replayed, in ms since the epoch. */
  played: number;
}

/** Learns which rule to follow. */
export class Learner {
  readonly #settings: AdaptiveSettings;
  readonly #minutes: Minutes;
  #play: Play;
  /** Undefined if the records belong to the settings and to all minutes. */
  #replay: Replay | undefined;
  #choice: Choice = { rule: COLD_RULE };
  #measured = 0;
  #choiceDue = -Infinity;

  constructor(settings: AdaptiveSettings, minutes = new Minutes(), scores = new Scores()) {
    this.#settings = settings;
    this.#minutes = minutes;
    this.#play = new Play(settings, minutes, scores);
  }

  /** Returns a learner that continues from saved bytes. Undefined if the bytes are damaged, or from another version. */
  static restore(bytes: Uint8Array, settings: AdaptiveSettings): Learner | undefined {
    const memory = decode(bytes);
    if (memory === undefined) return undefined;
    const { maxSpare = Infinity, utilization } = settings;
    const isSame = memory.utilization === utilization && memory.maxSpare === maxSpare;
    const learner = new Learner(settings, memory.minutes, isSame ? new Scores(memory.sums) : new Scores());
    learner.#measured = memory.measured;
    learner.#choice = { rule: memory.rule };
    if (!isSame) learner.#beginReplay();
    return learner;
  }

  /** Returns a learner that learns from the minutes of the past, the oldest first. */
  static ofPast(past: readonly MinuteOfDemand[], settings: AdaptiveSettings): Learner {
    const learner = new Learner(settings);
    for (const { end, demand } of past) {
      if (demand >= 0 && demand <= MOST_DEMAND) learner.#minutes.add(end, demand);
    }
    learner.#measured = past.length * MINUTE;
    learner.#beginReplay();
    return learner;
  }

  /** Returns what the learner remembers over a restart, as bytes. */
  save(): Uint8Array<ArrayBuffer> {
    const { maxSpare = Infinity, utilization } = this.#settings;
    return encode({
      minutes: this.#minutes,
      sums: this.#play.scores.sums,
      rule: this.#choice.rule,
      measured: this.#measured,
      // No settings have this utilization: a restored learner begins the replay again.
      utilization: this.#replay === undefined ? utilization : 0,
      maxSpare,
    });
  }

  /** Adds a sample. Ignores a sample that is not newer than the last one, and one that is not a number. */
  note(sample: Sample, circumstances: Circumstances): void {
    const { at, span, demand } = sample;
    if (!Number.isFinite(at) || !(span > 0) || !(demand >= 0 && demand <= MOST_DEMAND)) return;
    const since = at - (this.#play.last?.at ?? -Infinity);
    if (since <= 0 && since >= -CLOCK_TOLERANCE) return;
    if (since < 0) this.#goBackTo(at);
    if (this.#play.last === undefined) this.#resume(at, circumstances.lead);
    this.#endReplay(at, circumstances);
    this.#minutes.add(at, demand);
    this.#measured += this.#play.add(sample, circumstances);
    if (at >= this.#choiceDue) this.#choose(at);
  }

  /**
   * Replays some more minutes of the past, if the records do not belong to the settings yet. Called after the samples of each
   * evaluation, so that no evaluation takes long.
   */
  replay(): void {
    const { last } = this.#play;
    if (this.#replay !== undefined && last !== undefined) {
      this.#advance(this.#replay, last.at, last, REPLAYED);
    }
  }

  /** Returns what kas knows now. Undefined before the first sample. */
  view(): AdaptiveView | undefined {
    const { last } = this.#play;
    if (last === undefined) return undefined;
    const { at, demand, lead } = last;
    const { rule, runnerUp, cheaper } = this.#choice;
    const chosen = this.#recordOf(rule);
    const free = this.#play.capacityWithoutCeiling(rule);
    return {
      at,
      demand,
      need: this.#play.needOf(demand),
      lead,
      measured: this.#measured,
      ...(this.#isCold ? { cold: true } : {}),
      ...(this.#replay === undefined ? {} : { replaying: true }),
      chosen,
      ...(free === undefined || free === chosen.capacity ? {} : { withoutCeiling: free }),
      ...(runnerUp === undefined ? {} : { runnerUp: this.#recordOf(runnerUp) }),
      ...(cheaper === undefined ? {} : { cheaper: this.#recordOf(cheaper) }),
    };
  }

  /** Continues from the minutes: those of the last hour give the capacity that the rules hold. */
  #resume(at: number, lead: number): void {
    for (const { end, demand } of this.#minutes.since(at - Math.max(...HOLDS))) {
      if (end >= at) break;
      this.#play.look({ at: end, span: MINUTE, demand }, lead);
    }
  }

  #beginReplay(): void {
    this.#replay = { play: new Play(this.#settings, this.#minutes), played: -Infinity };
  }

  /** If hardly any minute is left to replay, plays it. The learner then goes on with the records of the replay, and chooses a rule. */
  #endReplay(at: number, circumstances: Circumstances): void {
    const replay = this.#replay;
    if (replay === undefined || this.#unplayed(replay, at, LEFT + 1).length > LEFT) return;
    this.#advance(replay, at, circumstances, LEFT);
    this.#play = replay.play;
    this.#replay = undefined;
    this.#choiceDue = -Infinity;
  }

  #advance(replay: Replay, before: number, circumstances: Circumstances, most: number): void {
    for (const { end, demand } of this.#unplayed(replay, before, most)) {
      replay.play.add({ at: end, span: MINUTE, demand }, circumstances);
      replay.played = end;
    }
  }

  /** Returns at most `most` minutes that end before a time and that a replay has not played. */
  #unplayed({ played }: Replay, before: number, most: number): MinuteOfDemand[] {
    return [...this.#minutes.since(played).take(most)].filter(({ end }) => end < before);
  }

  #choose(at: number): void {
    this.#choiceDue = at + CHOICE_INTERVAL;
    if (this.#isCold || this.#replay !== undefined) return;
    const age = at - (this.#minutes.first ?? at);
    this.#choice = choose(this.#choice.rule, this.#play.scores, this.#settings.risk, age);
  }

  /** Forgets what is after a time, because the clock was set back. The records of the rules stay. */
  #goBackTo(at: number): void {
    this.#minutes.forgetAfter(at);
    this.#play = this.#play.withoutPresent();
    if (this.#replay !== undefined) this.#beginReplay();
    this.#choiceDue = -Infinity;
  }

  get #isCold(): boolean {
    return this.#measured < COLD[this.#play.shortages < OFTEN ? 1 : 0];
  }

  #recordOf(rule: number): RuleRecord {
    const { forecast = "now", factor = 1, spare = 0, hold = 0 } = RULES[rule] ?? {};
    const { scores } = this.#play;
    return {
      forecast,
      factor,
      spare,
      hold,
      capacity: this.#play.capacityOf(rule),
      short: scores.short(rule),
      spareShare: scores.spareShare(rule),
      startsPerDay: scores.startsPerDay(rule),
    };
  }
}
