/**
 * Judges a step of the scenario, and builds its row of the result table.
 *
 * @module
 */
import type { Row } from "../../../cli/output.ts";
import type { ScenarioStep } from "./nine_steps.ts";

/** The measurements of a step. */
export interface StepObservation {
  /** The number of instances in service at the end of the step. */
  readonly inService: number;
  /** The fewest and the most instances in service at any moment of the step. */
  readonly minInService: number;
  readonly maxInService: number;
  /** The number of requests that ended, with an answer or with an error. */
  readonly requests: number;
  /** The number of requests without status 200 in their response. */
  readonly errors: number;
  /** The CPU of each instance in service over the last minute, in percent. Undefined if a value is not known yet. */
  readonly cpu: readonly (number | undefined)[];
}

/** The columns of the result table. */
export const RESULT_COLUMNS = [
  "step",
  "event",
  "clients",
  "in_service",
  "expected",
  "cpu",
  "result",
] as const;

/** The result of a step that passed. */
export const PASSED = "ok";

/**
 * Judges a step. It passes if exactly the expected number of instances is in service at its end, if the number stayed between
 * the previous step's and its own all the time, and if no request failed.
 *
 * @param previous the expected number of the step before
 * @returns {@linkcode PASSED}, or `FAILED: ` and what was wrong
 */
export function judgeStep(
  { expected, clients }: ScenarioStep,
  previous: number,
  observed: StepObservation,
): string {
  const { inService, minInService, maxInService, requests, errors } = observed;
  const faults: string[] = [];
  if (inService !== expected) faults.push(`${inService} in service at the end`);
  if (minInService < Math.min(previous, expected)) faults.push(`minimum ${minInService} in service`);
  if (maxInService > Math.max(previous, expected)) faults.push(`maximum ${maxInService} in service`);
  if (errors > 0) faults.push(`${errors} of ${requests} requests failed`);
  if (clients.length > 0 && requests === 0) faults.push("no request was answered");
  return faults.length === 0 ? PASSED : `FAILED: ${faults.join(", ")}`;
}

/** A step's row of the result table. */
export function resultRow(step: ScenarioStep, observed: StepObservation, result: string): Row {
  return {
    step: step.step,
    event: step.event,
    clients: step.clients.join(" "),
    "in_service": observed.inService,
    expected: step.expected,
    cpu: observed.cpu.map(wholePercent).join(" "),
    result,
  };
}

/** Formats CPU: `66%`, or `-` if the value is not known. */
export function wholePercent(value: number | undefined): string {
  return value === undefined ? "-" : `${Math.round(value)}%`;
}
