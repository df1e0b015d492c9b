/**
 * A check of `kas admin doctor`: a name, what it expects, and a function of the observation.
 *
 * @module
 */
import { type Hint, withHint } from "../../cli/command_line.ts";
import type { Row } from "../../cli/output.ts";
import { NoAnswerError, type Observation } from "./observation.ts";

/** The result of a check. Only `failed` makes doctor exit with 1; `skipped` means unknown or not applicable. */
export type Result = "ok" | "warning" | "failed" | "skipped";

/** One thing that a check found. */
export interface Finding {
  readonly result: Result;
  /** A sentence with the ids and numbers. */
  readonly detail: string;
  /** The command, or sometimes a sentence, that repairs it. */
  readonly remedy?: Hint;
}

/** A check of doctor. */
export interface Check {
  /** The name of the check, for the first column: a word, or words with hyphens. */
  readonly name: string;
  /** What the check expects, as half a sentence for docs/doctor.md. */
  readonly expects: string;
  /** Returns at least one finding. Throws {@linkcode NoAnswerError}. */
  readonly run: (observation: Observation) => readonly Finding[];
}

/** The expectation holds. */
export function ok(detail: string): Finding[] {
  return [{ result: "ok", detail }];
}

/** The check does not apply, or its result is unknown. */
export function skipped(detail: string): Finding[] {
  return [{ result: "skipped", detail }];
}

/** Scaling does not work, or not as it should. */
export function failed(detail: string, remedy?: Hint): Finding {
  return { result: "failed", detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** Scaling works, but probably not as intended. */
export function warning(detail: string, remedy?: Hint): Finding {
  return { ...failed(detail, remedy), result: "warning" };
}

/** The findings, or `ok` if there are none. */
export function orOk(findings: readonly Finding[], detail: string): readonly Finding[] {
  return findings.length > 0 ? findings : ok(detail);
}

/** The most names in one detail or remedy. Running doctor again after the remedy shows the rest. */
const MOST_NAMES = 10;

/** Names for a detail: `i-1, i-2 and 3 more`. */
export function named(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Names for a remedy, each a word. */
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
    // The check "reading" reports why AWS gave no answer, once.
    if (error instanceof NoAnswerError) return skipped(error.message);
    throw error;
  }
}
