/**
 * An alarm of CloudWatch over one-minute datapoints. It changes to ALARM when the newest datapoints of all its periods breach the
 * threshold. A missing datapoint counts as the setting `missing` says.
 *
 * Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data". A test compares it with the sandbox's.
 *
 * @module
 */
import type { AlarmState } from "../../model/alarm.ts";

/** How many periods CloudWatch reads beyond those that it evaluates. Source: CloudWatch user guide, "evaluation range". */
const MORE = 2;

/** An alarm and its state. */
export class PeerAlarm {
  readonly #breaches: (value: number) => boolean;
  readonly #periods: number;
  /** The datapoints of the evaluation range, the newest first. */
  readonly #range: (number | undefined)[] = [];
  state: AlarmState = "INSUFFICIENT_DATA";

  /** @param periods how many datapoints in a row have to breach the threshold */
  constructor(breaches: (value: number) => boolean, periods: number) {
    this.#breaches = breaches;
    this.#periods = periods;
  }

  /** Evaluates the alarm at the end of a period. */
  observe(value: number | undefined): void {
    const range = this.#range;
    range.unshift(value);
    range.length = Math.min(range.length, this.#periods + MORE);
    const known = range.filter((it) => it !== undefined).slice(0, this.#periods);
    const isLong = range.findLastIndex((it) => it !== undefined) + 1 >= this.#periods;
    if (known.length === 0) this.state = "INSUFFICIENT_DATA";
    else this.state = isLong && known.every(this.#breaches) ? "ALARM" : "OK";
  }
}
