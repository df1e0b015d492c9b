/**
 * Parsers of the options of `kas admin backtest`.
 *
 * @module
 */
import { duration } from "../../cli/parsers.ts";

/** The longest boot or delay that a backtest simulates, in ms. */
const LONGEST = 3_600_000;

/** Parses a time of at most one hour, and returns whole seconds. */
export function wholeSeconds(text: string): number {
  const ms = duration(text);
  if (ms > LONGEST || ms % 1_000 !== 0) throw new TypeError("expected whole seconds up to 1h, such as 60s");
  return ms / 1_000;
}

/** Parses two times: `40s-80s` → `[40, 80]`, in seconds. One time stands for both. */
export function secondsRange(text: string): readonly [least: number, most: number] {
  const [first = "", second = first, ...others] = text.split("-");
  const [least, most] = [wholeSeconds(first), wholeSeconds(second)];
  if (others.length > 0 || least > most) {
    throw new TypeError("expected two times such as 40s-80s, the shorter first");
  }
  return [least, most];
}
