/**
 * Judges a step of the scenario, and builds its row of the result table.
 *
 * @module
 */
import type { Row } from "../../../cli/output.ts";
import type { ScenarioStep } from "./nine_steps.ts";

/** What was measured during a step. */
export interface StepObservation {
  /** Instances in service at its end. */
  readonly inService: number;
  /** The fewest and the most instances in service at any moment of the step. */
  readonly minInService: number;
  readonly maxInService: number;
  /** Requests that got an answer or failed. */
  readonly requests: number;
  /** Requests that did not get status 200. */
  readonly errors: number;
  /** CPU of each instance in service over the last minute, percent; undefined if it is not known yet. */
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

/** `66%`; `-` if it is not known. */
export function wholePercent(value: number | undefined): string {
  return value === undefined ? "-" : `${Math.round(value)}%`;
}
