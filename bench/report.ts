/**
 * RESULTS.md from what the parts found.
 *
 * @module
 */
import type { Cell, Goal, Result, Table } from "./result.ts";

/** Where and with what it was measured. */
export interface Setting {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: string;
  /** Program → version. */
  readonly versions: Readonly<Record<string, string>>;
  /** s that it took in all. */
  readonly seconds: number;
}

/** The report. */
export function report(setting: Setting, results: readonly Result[]): string {
  const versions = Object.entries(setting.versions).map(([name, version]) => `${name} ${version}`);
  return [
    "# What was measured",
    "",
    `By \`deno task bench\`, ${setting.at.slice(0, 16).replace("T", " ")} UTC, in ${
      setting.seconds.toFixed(0)
    } s on ` +
    `${setting.machine}. Everything was measured side by side in that one run: read the figures as ratios. A figure with a ` +
    "range is a median with its lowest and highest value. The same as JSON: [results.json](results.json).",
    "",
    `Versions: ${versions.join(", ")}.`,
    "",
    "![Pings a second, pings under load, and the scenario, beside their peers](results.svg)",
    "",
    ...goalsTable(results.flatMap(({ goals }) => goals)),
    ...results.flatMap(section),
  ].join("\n");
}

/** A part's section. */
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

/** The goals, as a section. */
export function goalsTable(all: readonly Goal[]): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ goal, found, met }) => [met ? "met" : "missed", goal, found]);
  return ["## Goals", "", ...tableLines({ title: "", columns: ["", "goal", "found"], rows }), ""];
}

/** A table in Markdown: text to the left, figures to the right. */
export function tableLines({ title, columns, rows }: Table): string[] {
  const figures = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== "string"));
  return [
    ...(title === "" ? [] : [`**${title}**`, ""]),
    `| ${columns.join(" | ")} |`,
    `|${figures.map((figure) => (figure ? "---:" : "---")).join("|")}|`,
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
  ];
}

/** A cell's text. */
export function cell(value: Cell): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return figure(value);
  const { median, low, high } = value;
  return low === high ? figure(median) : `${figure(median)} (${figure(low)}–${figure(high)})`;
}

/** A figure with three digits that count, thousands apart. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(0.01, Math.abs(value)))));
  return value.toLocaleString("en", { maximumFractionDigits: Number.isInteger(value) ? 0 : decimals });
}
