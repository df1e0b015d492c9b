/**
 * Renders the state of the scenario as lines for a terminal.
 *
 * @module
 */
import { cellText, type Row } from "../../../cli/output.ts";
import { columnWidths, rowLines } from "../../../cli/table.ts";
import { cut, displayWidth } from "../../../cli/text.ts";
import type { WatchedInstance } from "./fleet_watch.ts";
import { PASSED, wholePercent } from "./judge.ts";
import type { ScenarioStep } from "./nine_steps.ts";

/** A decision, as the autoscaler's `GET /activities` reports it. */
export interface ShownDecision {
  /** Time of the decision in ISO 8601. */
  readonly time: string;
  readonly kind: string;
  readonly instance: string | null;
  readonly status: string | null;
  readonly reason: string;
}

/** The state of the scenario at one moment. */
export interface ScenarioFrame {
  readonly title: string;
  readonly steps: readonly ScenarioStep[];
  /** Result rows of the completed steps. */
  readonly done: readonly Row[];
  /** Current number of instances in service. */
  readonly inService: number;
  /** Time until the end of the current step, in seconds of real time. */
  readonly left: number;
  readonly instances: readonly WatchedInstance[];
  /** Number of requests since the start of the scenario. */
  readonly requests: number;
  /** Number of requests that failed since the start of the scenario. */
  readonly errors: number;
  /** The latest decisions, the newest one first. */
  readonly decisions: readonly ShownDecision[];
}

/** Maximum number of decisions that kas shows. */
const DECISIONS = 6;

/** Width of the bar that stands for 100 % CPU, in columns. */
const BAR_WIDTH = 20;

/** Returns the lines to draw. No line is wider than `columns`. */
export function render(frame: ScenarioFrame, columns: number): string[] {
  const { title, instances, requests, errors, decisions } = frame;
  const instanceRows = instances.map(({ id, name, state, registration, cpu }) => [
    " ",
    name,
    id,
    state,
    registration,
    cpu === undefined ? "" : wholePercent(cpu).padStart(4),
    "█".repeat(Math.round(Math.min(100, cpu ?? 0) / 100 * BAR_WIDTH)),
  ]);
  return [
    title,
    "",
    ...align([
      [" ", "STEP", "EVENT", "CLIENTS", "IN SERVICE", "EXPECTED", "CPU", "RESULT"],
      ...frame.steps.map((step, index) => stepCells(step, index, frame)),
    ]),
    "",
    ...align([[" ", "NAME", "INSTANCE", "STATE", "BALANCER", " CPU", ""], ...instanceRows]),
    "",
    `  ${requests} requests, ${errors} failed`,
    "",
    ...decisions.slice(0, DECISIONS).map((decision) => `  ${formatDecision(decision)}`),
  ].map((line) => fit(line, columns));
}

/** Returns the cells of a step: its result if it is completed, and its progress if it is the current step. */
function stepCells(
  { step, event, clients, expected }: ScenarioStep,
  index: number,
  { done, inService, left, instances }: ScenarioFrame,
): string[] {
  const head = [step, event, clients.join(" ")].map(String);
  const row = done[index];
  if (row !== undefined) {
    const mark = row["result"] === PASSED ? "✓" : "✗";
    return [mark, ...head, ...[row["in_service"], expected, row["cpu"], row["result"]].map(String)];
  }
  if (index > done.length) return [" ", ...head, "", `${expected}`, "", ""];
  const cpu = instances.filter(({ registration }) => registration === "in-service")
    .map(({ cpu }) => wholePercent(cpu)).join(" ");
  return ["▶", ...head, `${inService}`, `${expected}`, cpu, `${Math.ceil(left)} s left`];
}

/** Formats a decision: `22:14:03 start i-1 (in-progress): CPU 86 % is above 80 % on i-2`. */
export function formatDecision({ time, kind, instance, status, reason }: ShownDecision): string {
  const action = [kind === "none" ? "no action" : kind, instance, status && `(${status})`]
    .filter(Boolean).join(" ");
  // The reason may begin with "No action:", which the line already contains.
  return `${time.slice(11, 19)} ${action}: ${cellText(reason).replace(/^No action: /, "")}`;
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.flatMap((cells) => rowLines(cells, widths, false));
}

/** Shortens a line to the terminal's width, because a line that wraps would misplace the next drawing. */
function fit(line: string, columns: number): string {
  return displayWidth(line) < columns ? line : `${cut(line, Math.max(0, columns - 2))}…`;
}
