/**
 * What the adaptive policy knows when kas makes a decision. It is plain JSON, so that kas can record it and make the decision again
 * (R16).
 *
 * @module
 */
import type { Rule } from "./rules.ts";

/** A rule, and how it would have done on the fleet's own past. The past counts with a half-life of 3 days. */
export interface RuleRecord extends Rule {
  /** The capacity that the rule recommends now. */
  readonly capacity: number;
  /** The share of time in which its capacity would have been short. */
  readonly short: number;
  /** Its capacity beyond the need, as a share of the need. */
  readonly spareShare: number;
  /** How many instances it would have started a day. */
  readonly startsPerDay: number;
}

/** What the adaptive policy knows. */
export interface AdaptiveView {
  /** When the last period ended, in ms since the epoch. */
  readonly at: number;
  /** The load of the last period: how many instances it would keep at 100 %. */
  readonly demand: number;
  /** How many instances the load of the last period needs. */
  readonly need: number;
  /** How long it takes until a start shows, in ms. */
  readonly lead: number;
  /** For how long kas has measured the load, in ms. */
  readonly measured: number;
  /** Set until kas has measured enough to choose a rule: kas then follows the last demand. */
  readonly cold?: true;
  /** Set while kas replays the past to get new records of the rules. Until the replay ends, kas follows the same rule as before. */
  readonly replaying?: true;
  /** The rule that kas follows. */
  readonly chosen: RuleRecord;
  /** The capacity that the rule would recommend without the ceiling of the spare instances. Absent if the ceiling changes nothing. */
  readonly withoutCeiling?: number;
  /** The rule that kas would follow if it could not follow the chosen rule. Absent until kas chooses. */
  readonly runnerUp?: RuleRecord;
  /** The rule that was short the least among those that cost less. Absent if there is none. kas follows it with a higher risk. */
  readonly cheaper?: RuleRecord;
}
