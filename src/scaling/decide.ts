/**
 * THE decision: a signal and the facts in, what to do and why out. See docs/rules.md.
 *
 * @module
 */
import type { Alarm, Signal } from "./alarm.ts";
import type { Instance } from "./fleet.ts";

/** The limits that the rules keep. Times are ms. */
export interface Limits {
  /** R3; undefined: the number of base and control instances. */
  readonly min?: number;
  /** R3; undefined: the whole fleet. */
  readonly max?: number;
  readonly warmup: number;
  readonly cooldownOut: number;
  readonly cooldownIn: number;
  readonly resync: number;
}

/** The latest CPU datapoint of an instance: percent, and its time in ms since the epoch. */
export interface Datapoint {
  readonly percent: number;
  readonly at: number;
}

/** An activity under way, as far as it bears on the next decision. */
export interface UnderWay {
  readonly kind: "start" | "stop";
  readonly instance: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** Everything a decision may look at (R16). Times are ms since the epoch. */
export interface Facts {
  readonly now: number;
  readonly fleet: string;
  readonly limits: Limits;
  readonly instances: readonly Instance[];
  readonly alarms: readonly Alarm[];
  /** Latest datapoint since its launch, by instance id; absent where there is none. */
  readonly cpu: Readonly<Record<string, Datapoint>>;
  readonly underWay: readonly UnderWay[];
  /** When the last start and stop were decided, and when each instance came into service. */
  readonly history: {
    readonly lastOut?: number;
    readonly lastIn?: number;
    readonly inServiceSince: Readonly<Record<string, number>>;
  };
}

/** What to do, why, and the rules that bound it. */
export type Decision =
  | {
    readonly kind: "start";
    /** The first choice, and whom to turn to if it fails, in order (R7). */
    readonly instance: string;
    readonly candidates: readonly string[];
    /** `register` takes a draining instance back, `start` starts a stopped or stopping one. */
    readonly by: "register" | "start";
    readonly reason: string;
    readonly rules: readonly string[];
  }
  | { readonly kind: "stop"; readonly instance: string; readonly reason: string; readonly rules: readonly string[] }
  | { readonly kind: "none"; readonly reason: string; readonly rules: readonly string[] };

/** Decides by scaling's rules. Pure: the same signal and facts give the same decision, to the byte (R16). */
export function decide(_signal: Signal, _facts: Facts): Decision {
  throw new Error("not yet");
}
