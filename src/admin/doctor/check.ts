/**
 * The checks of `kas admin doctor`. Each check has a name, an expectation, and a function that returns findings from the
 * observation.
 *
 * @module
 */
import { type Hint, withHint } from "../../cli/command_line.ts";
import type { Row } from "../../cli/output.ts";
import { someOf } from "../../scaling/words.ts";
import { NoAnswerError, type Observation } from "./observation.ts";

/**
 * The result of a check. `skipped` means that the result is unknown or that the check does not apply. Doctor exits with status 1 if
 * a result is `failed`.
 */
export type Result = "ok" | "warning" | "failed" | "skipped";

/** A finding of a check. */
export interface Finding {
  readonly result: Result;
  /** What the check found, with the ids and numbers. */
  readonly detail: string;
  /** A command that repairs the problem, or a sentence that says how to repair it. */
  readonly remedy?: Hint;
}

/** A check of `kas admin doctor`. */
export interface Check {
  /** The name of the check, for the first column: a word, or words with hyphens. */
  readonly name: string;
  /** What the check expects. `deno task docs` writes this text to docs/doctor.md. */
  readonly expects: string;
  /** Returns at least one finding. Throws a NoAnswerError if AWS did not give an answer that the check needs. */
  readonly run: (observation: Observation) => readonly Finding[];
}

/** Returns the finding that the expectation of a check is met. */
export function ok(detail: string): Finding[] {
  return [{ result: "ok", detail }];
}

/** Returns the finding that a check does not apply, or that its result is unknown. */
export function skipped(detail: string): Finding[] {
  return [{ result: "skipped", detail }];
}

/** Returns the finding of a problem that prevents scaling, or makes kas scale wrongly. */
export function failed(detail: string, remedy?: Hint): Finding {
  return { result: "failed", detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** Returns the finding of a problem with which scaling works, but probably not as the operator intends. */
export function warning(detail: string, remedy?: Hint): Finding {
  return { ...failed(detail, remedy), result: "warning" };
}

/** Returns the findings, or the finding `ok` if there are none. */
export function orOk(findings: readonly Finding[], detail: string): readonly Finding[] {
  return findings.length > 0 ? findings : ok(detail);
}

/**
 * Maximum number of names in a finding's detail or remedy. After the repair, the operator runs doctor again for the other names.
 */
const MOST_NAMES = 10;

/** Returns names as text for a finding's detail: `i-1, i-2 and 3 more`. */
export function named(names: readonly string[]): string {
  return someOf(names, MOST_NAMES);
}

/** Returns names for the command of a remedy, as one word each. */
export function listed(names: readonly string[]): readonly string[] {
  return names.slice(0, MOST_NAMES);
}

/** Runs the checks in order and returns the rows to print. */
export function runChecks(checks: readonly Check[], observation: Observation): Row[] {
  return checks.flatMap((check) =>
    runCheck(check, observation).map(({ result, detail, remedy }) => ({
      check: check.name,
      result,
      detail: withHint(detail, remedy),
    }))
  );
}

function runCheck({ run }: Check, observation: Observation): readonly Finding[] {
  try {
    return run(observation);
  } catch (error) {
    // The check "reading" reports why AWS did not answer. The other checks do not repeat this.
    if (error instanceof NoAnswerError) return skipped(error.message);
    throw error;
  }
}
