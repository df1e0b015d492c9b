/**
 * Checks the result of a step of the scenario, and builds the step's row of the result table.
 *
 * @module
 */
import type { Row } from "../../../cli/output.ts";
import type { ScenarioStep } from "./nine_steps.ts";

/** The measurements of a step. */
export interface StepObservation {
  /** The number of instances in service at the end of the step. */
  readonly inService: number;
  /** Minimum number of instances in service during the step. */
  readonly minInService: number;
  /** Maximum number of instances in service during the step. */
  readonly maxInService: number;
  /** Number of requests that ended with a response or with an error. */
  readonly requests: number;
  /** Number of requests without a response of status 200. */
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
 * Checks the result of a step. A step passes if the expected number of instances is in service at its end, if the number was never
 * outside the range from the previous step's expected number to its own, and if no request failed.
 *
 * @param previous the expected number of instances of the previous step
 * @returns {@linkcode PASSED}, or `FAILED: ` followed by the reasons
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

/** Returns the row of a step in the result table. */
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

/** Formats a CPU percentage: `66%`, or `-` if the value is not known. */
export function wholePercent(value: number | undefined): string {
  return value === undefined ? "-" : `${Math.round(value)}%`;
}
