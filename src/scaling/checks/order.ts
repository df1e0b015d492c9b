/**
 * The checks of each direction in their order. The first that holds the recommendation back decides.
 *
 * @module
 */
import { aboveMin, belowMax } from "./bounds.ts";
import { candidateFound, standbyLeft } from "./candidates.ts";
import type { Check, CheckResult, InContext, OutContext } from "./check.ts";
import { cooldown } from "./cooldown.ts";
import { newest } from "./freshness.ts";
import { outBeatsIn } from "./out_beats_in.ts";
import { projectedLoad } from "./projected_load.ts";
import { candidateWarmUp } from "./warmup.ts";

/** The checks of scaling out. */
export const OUT: readonly Check<OutContext>[] = [newest, cooldown, belowMax, standbyLeft];

/** The checks of scaling in. */
export const IN: readonly Check<InContext>[] = [
  newest,
  outBeatsIn,
  cooldown,
  candidateFound,
  candidateWarmUp,
  aboveMin,
  projectedLoad,
];

/** A check that was made. */
export interface Checked extends Pick<Check<never>, "name" | "asks"> {
  /** Undefined where the check could not be made. */
  readonly result: CheckResult | undefined;
}

/** Makes the checks one by one, as far as the caller asks for them. */
export function* inOrder<Context>(
  checks: readonly Check<Context>[],
  context: Context,
): Generator<Checked, void> {
  for (const { name, asks, check } of checks) yield { name, asks, result: check(context) };
}
