/**
 * The type of a check. A check is a function of the recommendation and the observation. It passes, or it holds the action back.
 *
 * @module
 */
import type { CheckName } from "../model/decision.ts";
import type { Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import type { SelectionQuestion } from "../selection/question.ts";
import type { StartSelection } from "../selection/start.ts";
import type { StopSelection } from "../selection/stop.ts";

/** The input of every check. */
export interface CheckContext extends SelectionQuestion {
  readonly trigger: Trigger;
  /** The fleet before the earlier actions of the list. `observation` is the fleet as if these actions were done. */
  readonly before: Observation;
}

/** The input of a check of scaling out. */
export interface OutContext extends CheckContext {
  readonly selection: StartSelection;
}

/** The input of a check of scaling in. */
export interface InContext extends CheckContext {
  readonly selection: StopSelection;
}

/** The result of a check: whether it passed, and a sentence with its numbers. The sentence of a passed check may be "". */
export interface CheckResult {
  readonly passed: boolean;
  readonly message: string;
  /** Set if the check holds the action back because kas did not read the data that the check needs. */
  readonly unread?: true;
}

/** A check of scaling out or scaling in. */
export interface Check<Context> {
  readonly name: CheckName;
  /** The condition under which the check passes, for `kas admin explain`. It has at most 24 characters. */
  readonly condition: string;
  /** Runs the check. Returns undefined if kas selected no instance that the check could judge. */
  readonly check: (context: Context) => CheckResult | undefined;
}

/** Returns the result of a check that passed. */
export function pass(message = ""): CheckResult {
  return { passed: true, message };
}

/** Returns the result of a check that needs data that kas did not read. The check then holds the action back. */
export function unread(message: string): CheckResult {
  return { passed: false, message, unread: true };
}

/** Returns the result of a check that holds the action back. */
export function hold(message: string): CheckResult {
  return { passed: false, message };
}
