/**
 * What a check is: a function of the recommendation and the observation, which passes the action or holds it back.
 *
 * @module
 */
import type { CheckName } from "../model/decision.ts";
import type { Trigger } from "../model/trigger.ts";
import type { SelectionQuestion } from "../selection/question.ts";
import type { StartSelection } from "../selection/start.ts";
import type { StopSelection } from "../selection/stop.ts";

/** What every check may look at. */
export interface CheckContext extends SelectionQuestion {
  readonly trigger: Trigger;
}

/** The same for scaling out. */
export interface OutContext extends CheckContext {
  readonly selection: StartSelection;
}

/** The same for scaling in. */
export interface InContext extends CheckContext {
  readonly selection: StopSelection;
}

/** Whether a check passed, and a sentence with its numbers; a check that passes may have nothing to say. */
export interface CheckResult {
  readonly passed: boolean;
  readonly message: string;
}

/** One check. */
export interface Check<Context> {
  readonly name: CheckName;
  /** What has to hold, in at most 24 characters. */
  readonly asks: string;
  /** Undefined where the check cannot be made, as no instance was selected. */
  readonly check: (context: Context) => CheckResult | undefined;
}

/** The check passes. */
export function pass(message = ""): CheckResult {
  return { passed: true, message };
}

/** The check holds the action back. */
export function hold(message: string): CheckResult {
  return { passed: false, message };
}
