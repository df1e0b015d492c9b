/**
 * Whether a step of the scenario came out as required, and the row that says so.
 *
 * @module
 */
import type { Row } from "../../cli/output.ts";
import type { Step } from "./nine_steps.ts";

/** What was seen of a step. */
export interface Seen {
  /** How many instances were in service at its end. */
  readonly inService: number;
  /** The fewest and the most that were in service at any moment of it. */
  readonly least: number;
  readonly most: number;
  /** Requests that were answered or failed. */
  readonly requests: number;
  /** Those not answered 200. */
  readonly errors: number;
  /** CPU of each instance in service over its last minute, percent. */
  readonly cpu: readonly (number | undefined)[];
}

/** The columns of the verdict table. */
export const VERDICT_COLUMNS = [
  "step",
  "event",
  "clients",
  "in_service",
  "expected",
  "cpu",
  "verdict",
] as const;

/** The verdict of a step that came out as required. */
export const OK = "ok";

/**
 * Judges a step: at its end exactly the expected number is in service; all along it was between the previous step's
 * number and its own; and no request failed.
 *
 * @param previous how many were expected of the step before
 * @returns {@linkcode OK}, or what was wrong
 */
export function verdict({ expected, clients }: Step, previous: number, seen: Seen): string {
  const wrong: string[] = [];
  if (seen.inService !== expected) wrong.push(`${seen.inService} in service at the end`);
  if (seen.least < Math.min(previous, expected)) wrong.push(`${seen.least} in service on the way`);
  if (seen.most > Math.max(previous, expected)) wrong.push(`${seen.most} in service on the way`);
  if (seen.errors > 0) wrong.push(`${seen.errors} of ${seen.requests} requests failed`);
  if (clients.length > 0 && seen.requests === 0) wrong.push("no request was answered");
  return wrong.length === 0 ? OK : `FAILED: ${wrong.join(", ")}`;
}

/** A step's row of the verdict table. */
export function verdictRow(step: Step, seen: Seen, verdict: string): Row {
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
