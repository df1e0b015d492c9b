/**
 * Measures of how well the capacity of a fleet followed the need. `d` is the number of instances that the load needs at a time, and
 * `s` the number in service.
 *
 * Source of `theta` (accuracy) and `tau` (timeshare): SPEC Research Group, "Ready for Rain? A View from SPEC Research on the Future of
 * Cloud Metrics", elasticity metrics.
 *
 * @module
 */

/** The measures of a simulation. Each is better if it is lower. */
export interface Measures {
  /** The time in which fewer instances than needed were in service, in seconds. */
  readonly under: number;
  /** The sum of the instances in service that were not needed, in instance-seconds. */
  readonly over: number;
  readonly starts: number;
  readonly stops: number;
  /** `under` as a share of the whole time. */
  readonly underShare: number;
  /** `over` as a share of the needed instance-seconds. */
  readonly overShare: number;
  /** The mean share of the needed instances that were missing, in percent: `100/T · Σ max(d−s, 0)/d · Δt`. */
  readonly thetaU: number;
  /** The mean share of instances beyond the need, in percent of the need: `100/T · Σ max(s−d, 0)/d · Δt`. */
  readonly thetaO: number;
  /** The share of time with too few instances, in percent: `100/T · Σ [d>s] · Δt`. */
  readonly tauU: number;
  /** The share of time with too many instances, in percent: `100/T · Σ [s>d] · Δt`. */
  readonly tauO: number;
  /** The billed instance-seconds, including those of booting and draining instances. */
  readonly billed: number;
}

/** Sums up the measures, second by second. */
export class Tally {
  #seconds = 0;
  #needed = 0;
  #under = 0;
  #above = 0;
  #over = 0;
  #billed = 0;
  #missingShare = 0;
  #spareShare = 0;

  /**
   * Counts one second.
   *
   * @param needed how many instances the load needs, at least one
   * @param inService how many instances are in service
   * @param billed how many instances EC2 bills
   */
  add(needed: number, inService: number, billed: number): void {
    this.#seconds++;
    this.#needed += needed;
    this.#billed += billed;
    const spare = inService - needed;
    if (spare < 0) {
      this.#under++;
      this.#missingShare -= spare / needed;
    } else if (spare > 0) {
      this.#above++;
      this.#over += spare;
      this.#spareShare += spare / needed;
    }
  }

  /** Returns the measures of all seconds that were counted. */
  measures(count: { readonly starts: number; readonly stops: number }): Measures {
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    return {
      under: this.#under,
      over: this.#over,
      starts: count.starts,
      stops: count.stops,
      underShare: share(this.#under, this.#seconds),
      overShare: share(this.#over, this.#needed),
      thetaU: 100 * share(this.#missingShare, this.#seconds),
      thetaO: 100 * share(this.#spareShare, this.#seconds),
      tauU: 100 * share(this.#under, this.#seconds),
      tauO: 100 * share(this.#above, this.#seconds),
      billed: this.#billed,
    };
  }
}
