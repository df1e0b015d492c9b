/**
 * The checks for scaling out and for scaling in, in their order. The first check that holds the action back decides.
 *
 * @module
 */
import { aboveMin, belowMax } from "./bounds.ts";
import { cap } from "./cap.ts";
import { candidateFound, standbyLeft } from "./candidates.ts";
import type { Check, CheckResult, InContext, OutContext } from "./check.ts";
import { cooldown } from "./cooldown.ts";
import { cpuCredits } from "./cpu_credits.ts";
import type { CheckName } from "../model/decision.ts";
import { notNewest } from "./not_newest.ts";
import { outBeatsIn } from "./out_beats_in.ts";
import { paused } from "./paused.ts";
import { projectedLoad } from "./projected_load.ts";
import { candidateWarmUp } from "./warmup.ts";

/** The checks for scaling out. */
export const OUT: readonly Check<OutContext>[] = [notNewest, paused, cooldown, belowMax, standbyLeft];

/** The checks for scaling in. */
export const IN: readonly Check<InContext>[] = [
  notNewest,
  paused,
  outBeatsIn,
  cooldown,
  candidateFound,
  candidateWarmUp,
  aboveMin,
  projectedLoad,
  cpuCredits,
];

/** R21: the checks for the stop of an unhealthy node. */
export const UNHEALTHY: readonly Check<InContext>[] = [notNewest, paused, cap];

/** R21: the checks for the cancellation of a start in the place of an instance that serves again. */
export const CANCEL: readonly Check<InContext>[] = [notNewest, paused];

/** Whether no start is possible now if this check holds a start back. */
export function preventsStarts(name: CheckName): boolean {
  return name === "paused" || name === "no-standby";
}

/** A check and its result. */
export interface Checked extends Pick<Check<never>, "name" | "condition"> {
  /** The result. Undefined if kas selected no instance that the check could judge. */
  readonly result: CheckResult | undefined;
}

/** Runs the checks in order and yields each result. A caller that stops iterating skips the remaining checks. */
export function* inOrder<Context>(
  checks: readonly Check<Context>[],
  context: Context,
): Generator<Checked, void> {
  for (const { name, condition, check } of checks) yield { name, condition, result: check(context) };
}
