/**
 * Reports the progress of the scenario on stderr. On a terminal, kas redraws a table. Otherwise kas prints one line per event.
 *
 * @module
 */
import { Canvas } from "../../../cli/terminal/canvas.ts";
import type { Output } from "../../../cli/output.ts";
import { type StepObservation, wholePercent } from "./judge.ts";
import type { ScenarioStep } from "./nine_steps.ts";
import { formatDecision, render, type ScenarioFrame, type ShownDecision } from "./view.ts";

/** A reporter of the scenario's progress on stderr. */
export class Reporter implements Disposable {
  readonly #out: Output;
  readonly #canvas: Canvas | undefined;
  /** The decisions that this reporter has printed, each with the status of its activity. */
  readonly #printed = new Set<string>();

  constructor(out: Output) {
    this.#out = out;
    if (out.terminal.interactiveError && !out.options.quiet) this.#canvas = new Canvas(out.terminal);
  }

  /** Reports the start of a step. */
  begin({ step, event, clients, expected }: ScenarioStep): void {
    if (this.#canvas !== undefined) return;
    const who = clients.length === 0 ? "no clients" : `clients ${clients.join(" ")}`;
    this.#out.note(`step ${step}: ${event}; ${who}, ${expected} expected`);
  }

  /** Reports the current state of the scenario. */
  show(frame: ScenarioFrame): void {
    if (this.#canvas !== undefined) return this.#canvas.draw(render(frame, this.#out.terminal.columns));
    for (const decision of frame.decisions.toReversed()) this.#printDecision(decision);
  }

  /** Reports the result of a step. */
  end({ step }: ScenarioStep, { inService, cpu, requests, errors }: StepObservation, result: string): void {
    if (this.#canvas !== undefined) return;
    const load = `${requests} requests, ${errors} failed`;
    this.#out.note(
      `step ${step}: ${inService} in service, CPU ${cpu.map(wholePercent).join(" ")}, ${load}: ${result}`,
    );
  }

  /** Removes the table from the terminal. The caller then prints the result table. */
  [Symbol.dispose](): void {
    this.#canvas?.clear();
  }

  /** Prints a decision that has an action. Prints it again only if the status of its activity changes. */
  #printDecision(decision: ShownDecision): void {
    const { kind, instance, status, reason } = decision;
    const key = [kind, instance, status, reason].join("\t");
    if (kind === "none" || this.#printed.has(key)) return;
    this.#printed.add(key);
    this.#out.note(`  ${formatDecision(decision)}`);
  }
}
