/**
 * Writes RESULTS.md from the results of the parts.
 *
 * @module
 */
import type { Cell, Goal, Result, Table } from "./result.ts";

/** The machine and the versions of a measurement. */
export interface Setting {
  /** The time of the measurement in the format ISO 8601. */
  readonly at: string;
  readonly machine: string;
  /** Versions by program. */
  readonly versions: Readonly<Record<string, string>>;
  /** How long the whole measurement took, in s. */
  readonly seconds: number;
}

/** The report. */
export function report(setting: Setting, results: readonly Result[]): string {
  const versions = Object.entries(setting.versions).map(([name, version]) => `${name} ${version}`);
  return [
    "# Results",
    "",
    `Measured by \`deno task bench\`, ${setting.at.slice(0, 16).replace("T", " ")} UTC, in ${
      setting.seconds.toFixed(0)
    } s on ` +
    `${setting.machine}. One run measured everything side by side: compare figures, do not read them alone. A figure with a ` +
    "range is the median with the lowest and the highest value. The same data as JSON: [results.json](results.json).",
    "",
    `Versions: ${versions.join(", ")}.`,
    "",
    "![Pings per second, pings under load, and the scenario, for kas and its peers](results.svg)",
    "",
    ...goalsTable(results.flatMap(({ goals }) => goals)),
    ...results.flatMap(section),
  ].join("\n");
}

/** Returns the section of a part. */
export function section({ title, how, tables, notes }: Result): string[] {
  return [
    `## ${title}`,
    "",
    how,
    "",
    ...tables.flatMap((table) => [...tableLines(table), ""]),
    ...notes.map((note) => `- ${note}`),
    ...(notes.length > 0 ? [""] : []),
  ];
}

/** Returns the section with the goals. */
export function goalsTable(all: readonly Goal[]): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ goal, found, met }) => [met ? "met" : "missed", goal, found]);
  return ["## Goals", "", ...tableLines({ title: "", columns: ["", "goal", "found"], rows }), ""];
}

/** Returns a table in Markdown. Text is aligned to the left, figures to the right. */
export function tableLines({ title, columns, rows }: Table): string[] {
  const figures = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== "string"));
  return [
    ...(title === "" ? [] : [`**${title}**`, ""]),
    `| ${columns.join(" | ")} |`,
    `|${figures.map((figure) => (figure ? "---:" : "---")).join("|")}|`,
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
  ];
}

/** Returns the text of a cell. */
export function cell(value: Cell): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return figure(value);
  const { median, low, high } = value;
  return low === high ? figure(median) : `${figure(median)} (${figure(low)}–${figure(high)})`;
}

/** Formats a figure with three significant digits and a separator between thousands. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(0.01, Math.abs(value)))));
  return value.toLocaleString("en", { maximumFractionDigits: Number.isInteger(value) ? 0 : decimals });
}
