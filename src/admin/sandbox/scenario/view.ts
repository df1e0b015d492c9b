/**
 * What the scenario shows while it plays: a pure picture of its state as lines, and the terminal that they are drawn on.
 *
 * @module
 */
import { cellText, type Row, type Terminal } from "../../../cli/output.ts";
import { displayWidth } from "../../../cli/text.ts";
import type { ScenarioStep } from "./nine_steps.ts";
import { PASSED, percent } from "./judge.ts";
import type { WatchedInstance } from "./fleet_watch.ts";

/** A decision of the autoscaler, as it tells of it. */
export interface ShownDecision {
  /** ISO 8601. */
  readonly time: string;
  readonly kind: string;
  readonly instance: string | null;
  readonly state: string | null;
  readonly reason: string;
}

/** How the scenario stands. */
export interface ScenarioFrame {
  readonly title: string;
  readonly steps: readonly ScenarioStep[];
  /** The rows of the steps that are over. */
  readonly done: readonly Row[];
  /** How many instances are in service now. */
  readonly inService: number;
  /** What is left of the current step, real s. */
  readonly left: number;
  readonly instances: readonly WatchedInstance[];
  /** Requests so far, and how many of them failed. */
  readonly requests: number;
  readonly errors: number;
  /** The latest decisions, newest first. */
  readonly decisions: readonly ShownDecision[];
}

/** How many decisions are shown. */
const DECISIONS = 6;

/** Width of a full CPU bar. */
const BAR = 20;

/** The picture, line by line, none wider than `columns`. */
export function render(scene: ScenarioFrame, columns: number): string[] {
  const { title, steps, done, inService, left, instances, requests, errors, decisions } = scene;
  const stepRows = steps.map(({ step, event, clients, expected }, index) => {
    const row = done[index];
    const current = index === done.length;
    return [
      row !== undefined ? (row.verdict === PASSED ? "✓" : "✗") : current ? "▶" : " ",
      step,
      event,
      clients.join(" "),
      row?.in_service ?? (current ? inService : ""),
      expected,
      row?.cpu ??
        (current
          ? instances.flatMap(({ standing, cpu }) => standing === "in-service" ? percent(cpu) : []).join(" ")
          : ""),
      row?.verdict ?? (current ? `${Math.ceil(left)} s left` : ""),
    ];
  });
  const instanceRows = instances.map(({ id, name, state, standing, cpu }) => [
    " ",
    name,
    id,
    state,
    standing,
    cpu === undefined ? "" : percent(cpu).padStart(4),
    "█".repeat(Math.round(Math.min(100, cpu ?? 0) / 100 * BAR)),
  ]);
  return [
    title,
    "",
    ...grid([[" ", "STEP", "EVENT", "CLIENTS", "IN SERVICE", "EXPECTED", "CPU", "VERDICT"], ...stepRows]),
    "",
    ...grid([[" ", "NAME", "INSTANCE", "STATE", "BALANCER", " CPU", ""], ...instanceRows]),
    "",
    `  ${requests} requests, ${errors} failed`,
    "",
    ...decisions.slice(0, DECISIONS).map((decision) => `  ${formatDecision(decision)}`),
  ].map((line) => cut(line, columns));
}

/** `22:14:03 start i-1 (running): cpuhigh of i-2 went from OK to ALARM`. */
export function formatDecision({ time, kind, instance, state, reason }: ShownDecision): string {
  const what = [kind === "none" ? "nothing" : kind, instance, state && `(${state})`].filter(Boolean).join(
    " ",
  );
  return `${time.slice(11, 19)} ${what}: ${cellText(reason)}`;
}

/** Draws pictures one over the other, on stderr. */
export class Canvas {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws lines in the place of those before. */
  draw(lines: readonly string[]): void {
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    // Line by line and what is below at the end: clearing all of it first would flicker.
    this.#terminal.writeError(`${up}\r${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#height = lines.length;
  }

  /** Takes the picture away. */
  clear(): void {
    this.draw([]);
  }
}

function grid(rows: readonly (readonly (string | number | boolean | null | undefined)[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => String(cell ?? "")));
  const widths = (texts[0] ?? []).map((_, i) => Math.max(...texts.map((row) => displayWidth(row[i] ?? ""))));
  return texts.map((row) =>
    row.map((text, i) => text + " ".repeat((widths[i] ?? 0) - displayWidth(text))).join("  ").trimEnd()
  );
}

/** A line that is too wide would wrap, and the next picture would miss its place. */
function cut(line: string, columns: number): string {
  return displayWidth(line) < columns ? line : `${[...line].slice(0, Math.max(0, columns - 2)).join("")}…`;
}
