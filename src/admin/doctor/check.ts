/**
 * A check of doctor's: a name, what it is about, and a function of the facts.
 *
 * @module
 */
import type { Row } from "../../cli/output.ts";
import { type Facts, UnknownFactError } from "./facts.ts";

/** What a check came to. Only a failed one makes doctor's exit status 1; a skipped one could not tell, or does not apply. */
export type Result = "ok" | "warning" | "failed" | "skipped";

/** One thing that a check found. */
export interface Finding {
  readonly result: Result;
  /** In words, with the ids and numbers. */
  readonly detail: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** A check. */
export interface Check {
  /** The first column: a word, or words with hyphens. */
  readonly name: string;
  /** What has to be so; half a sentence for the list of checks. */
  readonly about: string;
  /** What it found: at least one thing. Throws {@linkcode UnknownFactError}. */
  readonly run: (facts: Facts) => readonly Finding[];
}

/** All is well. */
export function ok(detail: string): Finding[] {
  return [{ result: "ok", detail }];
}

/** It does not apply, or can't be told. */
export function skipped(detail: string): Finding[] {
  return [{ result: "skipped", detail }];
}

/** It won't work, or not as it should. */
export function failed(detail: string, mend?: string): Finding {
  return { result: "failed", detail, ...(mend === undefined ? {} : { mend }) };
}

/** It works, and is most likely not as meant. */
export function warning(detail: string, mend?: string): Finding {
  return { ...failed(detail, mend), result: "warning" };
}

/** The findings, or that there are none. */
export function orOk(findings: readonly Finding[], detail: string): readonly Finding[] {
  return findings.length > 0 ? findings : ok(detail);
}

/** How many are named in a line; a command names no more either, and doctor tells of the rest when it is asked again. */
const NAMED = 10;

/** `i-1, i-2 and 3 more`. */
export function named(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `1 alarm`, `3 alarms`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** As many as a command names. */
export function listed(names: readonly string[]): string {
  return names.slice(0, NAMED).join(" ");
}

/** Runs checks over the facts, in order; the rows to print. */
export function examine(checks: readonly Check[], facts: Facts): Row[] {
  return checks.flatMap(({ name, run }) =>
    attempt(run, facts).map(({ result, detail, mend }) => ({
      check: name,
      result,
      detail: mend === undefined ? detail : `${detail}; try: ${mend}`,
    }))
  );
}

function attempt(run: Check["run"], facts: Facts): readonly Finding[] {
  try {
    return run(facts);
  } catch (error) {
    // Why it is not known is told once, by the check of what AWS tells.
    if (error instanceof UnknownFactError) return skipped(error.message);
    throw error;
  }
}
