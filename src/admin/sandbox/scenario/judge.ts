/**
 * Whether a step of the scenario came out as required, and the row that says so.
 *
 * @module
 */
import type { Row } from "../../../cli/output.ts";
import type { ScenarioStep } from "./nine_steps.ts";

/** What was seen of a step. */
export interface StepObservation {
  /** How many instances were in service at its end. */
  readonly inService: number;
  /** The fewest and the most that were in service at any moment of it. */
  readonly minInService: number;
  readonly maxInService: number;
  /** Requests that were answered or failed. */
  readonly requests: number;
  /** Those not answered 200. */
  readonly errors: number;
  /** CPU of each instance in service over its last minute, percent. */
  readonly cpu: readonly (number | undefined)[];
}

/** The columns of the verdict table. */
export const RESULT_COLUMNS = [
  "step",
  "event",
  "clients",
  "in_service",
  "expected",
  "cpu",
  "verdict",
] as const;

/** The verdict of a step that came out as required. */
export const PASSED = "ok";

/**
 * Judges a step: at its end exactly the expected number is in service; all along it was between the previous step's
 * number and its own; and no request failed.
 *
 * @param previous how many were expected of the step before
 * @returns {@linkcode OK}, or what was wrong
 */
export function judgeStep(
  { expected, clients }: ScenarioStep,
  previous: number,
  seen: StepObservation,
): string {
  const wrong: string[] = [];
  if (seen.inService !== expected) wrong.push(`${seen.inService} in service at the end`);
  if (seen.minInService < Math.min(previous, expected)) {
    wrong.push(`${seen.minInService} in service on the way`);
  }
  if (seen.maxInService > Math.max(previous, expected)) {
    wrong.push(`${seen.maxInService} in service on the way`);
  }
  if (seen.errors > 0) wrong.push(`${seen.errors} of ${seen.requests} requests failed`);
  if (clients.length > 0 && seen.requests === 0) wrong.push("no request was answered");
  return wrong.length === 0 ? PASSED : `FAILED: ${wrong.join(", ")}`;
}

/** A step's row of the verdict table. */
export function resultRow(step: ScenarioStep, seen: StepObservation, verdict: string): Row {
  return {
    step: step.step,
    event: step.event,
    clients: step.clients.join(" "),
    "in_service": seen.inService,
    expected: step.expected,
    cpu: seen.cpu.map(percent).join(" "),
    verdict,
  };
}

/** `66%`; `-` where it is not known. */
export function percent(value: number | undefined): string {
  return value === undefined ? "-" : `${Math.round(value)}%`;
}
