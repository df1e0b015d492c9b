/**
 * Applies a host's plan: runs the steps on the host and reports the result of each step.
 *
 * @module
 */
import { HostError, lockedError } from "./host_error.ts";
import type { HostPlan } from "./plan.ts";
import { applyScript, parseScriptEvent } from "./script.ts";
import type { Connection } from "./ssh/connection.ts";

/** Progress callback and cancellation signal of {@linkcode applyPlan}. */
export interface ApplyOptions {
  /** Callback that receives the current activity of the host, such as `files` or `binary 43 %`. */
  readonly onProgress: (text: string) => void;
  /** Cancels before the first change or while kas copies the executable. After the copy, the host completes its steps. */
  readonly signal: AbortSignal;
}

/** The result of one step on a host. */
export interface StepResult {
  readonly step: string;
  readonly result: "unchanged" | "done" | "failed";
  /** Duration in seconds. Absent for a rollback, and for a step that needed no change. */
  readonly seconds?: number;
}

/** The results of all steps on a host. */
export interface HostOutcome {
  readonly results: readonly StepResult[];
  /** Lines for the operator: the error, then lines that explain the error. Empty if all steps succeeded. */
  readonly failure: readonly string[];
}

/**
 * Runs the steps of a plan on a host. If a step fails, the host rolls back its changes. If the connection breaks, the host
 * completes the steps or rolls back.
 *
 * @throws {HostError} if the connection breaks, or a different provisioning run holds the host's lock
 */
export async function applyPlan(
  connection: Connection,
  plan: HostPlan,
  options: ApplyOptions,
): Promise<HostOutcome> {
  const { steps, facts, units, executable } = plan;
  const { onProgress, signal } = options;
  const results: StepResult[] = steps.filter((step) => step.isDone(facts))
    .map(({ name }) => ({ step: name, result: "unchanged" }));
  const failure: string[] = [];
  let locked = false;
  let stepStart = performance.now();
  const seconds = () => (performance.now() - stepStart) / 1_000;
  signal.throwIfAborted();
  const { stderr } = await connection.run(applyScript(steps, facts, units), {
    file: executable?.path,
    signal,
    onSent: (bytes) => onProgress(`binary ${Math.floor(100 * bytes / (executable?.size ?? 1))} %`),
    onLine: (line) => {
      const event = parseScriptEvent(line);
      switch (event?.kind) {
        case "begin":
          stepStart = performance.now();
          return onProgress(event.step);
        case "done":
          return void results.push({ step: event.step, result: "done", seconds: seconds() });
        case "failed":
          results.push({ step: event.step, result: "failed", seconds: seconds() });
          onProgress("rolling back");
          return void failure.push(`${event.command} failed`);
        case "log":
          return void failure.push(event.text);
        case "rolled-back":
          return void results.push({ step: "rollback", result: "done" });
        case "rollback-failed":
          results.push({ step: "rollback", result: "failed" });
          return void failure.push(`rollback command failed: ${event.command}`);
        case "locked":
          locked = true;
      }
    },
  });
  if (locked) throw lockedError();
  const complete = steps.every(({ name }) => results.some(({ step }) => step === name));
  if (!complete && failure.length === 0) {
    throw new HostError(stderr.trim() || "the provisioning script ended early and printed no error");
  }
  if (signal.aborted && failure.length > 0) failure.unshift("interrupted while copying the executable");
  return { results: inStepOrder(results, steps.map(({ name }) => name)), failure };
}

/** Sorts results by the order of the steps. Results that belong to no step, such as the rollback, are last. */
function inStepOrder(results: readonly StepResult[], order: readonly string[]): readonly StepResult[] {
  const position = ({ step }: StepResult) => order.includes(step) ? order.indexOf(step) : order.length;
  return results.toSorted((a, b) => position(a) - position(b));
}
