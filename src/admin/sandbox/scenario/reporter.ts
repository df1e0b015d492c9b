/**
 * Tells how the scenario goes: as a moving picture on a terminal, as a line an event elsewhere.
 *
 * @module
 */
import type { Output } from "../../../cli/output.ts";
import type { ScenarioStep } from "./nine_steps.ts";
import { percent, type StepObservation } from "./judge.ts";
import { Canvas, formatDecision, render, type ScenarioFrame, type ShownDecision } from "./view.ts";

/** Reports on stderr. */
export class Reporter implements Disposable {
  readonly #out: Output;
  readonly #canvas: Canvas | undefined;
  /** The start and stop decisions told already, and the states they were told in. */
  readonly #told = new Set<string>();

  constructor(out: Output) {
    this.#out = out;
    if (out.terminal.interactiveError && !out.options.quiet) this.#canvas = new Canvas(out.terminal);
  }

  /** Tells that a step begins. */
  begin({ step, event, clients, expected }: ScenarioStep): void {
    if (this.#canvas !== undefined) return;
    const who = clients.length === 0 ? "no clients" : `clients ${clients.join(" ")}`;
    this.#out.note(`step ${step}: ${event}; ${who}, ${expected} expected`);
  }

  /** Tells how things stand. */
  show(scene: ScenarioFrame): void {
    if (this.#canvas !== undefined) return this.#canvas.draw(render(scene, this.#out.terminal.columns));
    for (const decided of scene.decisions.toReversed()) this.#decision(decided);
  }

  /** Tells how a step came out. */
  end({ step }: ScenarioStep, { inService, cpu, requests, errors }: StepObservation, verdict: string): void {
    if (this.#canvas !== undefined) return;
    const load = `${requests} requests, ${errors} failed`;
    this.#out.note(
      `step ${step}: ${inService} in service, CPU ${cpu.map(percent).join(" ")}, ${load}: ${verdict}`,
    );
  }

  /** Takes the picture away: the verdict follows. */
  [Symbol.dispose](): void {
    this.#canvas?.clear();
  }

  /** Tells of what the autoscaler does, once in each state. */
  #decision(decided: ShownDecision): void {
    const { kind, instance, state, reason } = decided;
    const key = [kind, instance, state, reason].join("\t");
    if (kind === "none" || this.#told.has(key)) return;
    this.#told.add(key);
    this.#out.note(`  ${formatDecision(decided)}`);
  }
}
