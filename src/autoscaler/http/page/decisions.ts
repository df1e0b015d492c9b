/**
 * The table of decisions on the status page.
 *
 * @module
 */
import { commandText } from "../../../cli/command_line.ts";
import type { JournalLine } from "../../store/lines.ts";
import { cell, coloured, type Html, html, section } from "./html.ts";
import { ago, span } from "./times.ts";

/** A decision with the status of its activity, and the check that held the action back, if one did. */
export interface DisplayedDecision {
  readonly line: JournalLine;
  readonly checks: readonly string[];
}

/**
 * Returns the table of the latest decisions. A decision with several actions has a row for each, and its reason in the first one.
 *
 * @param choice the words that choose the fleet in a command
 */
export function decisionsSection(
  decisions: readonly DisplayedDecision[],
  now: number,
  choice: readonly string[],
): Html {
  const rows = decisions.map((
    { line: { id, time, kind, instance, status, reason, times, seconds }, checks },
    i,
  ) => {
    const isFirst = decisions[i - 1]?.line.id !== id;
    return [
      cell(isFirst ? id : ""),
      cell(isFirst ? [ago(Date.parse(time), now), times > 1 ? ` (${times} times)` : ""] : ""),
      cell(kind === "none" ? "none" : `${kind} ${instance ?? ""}`),
      cell(isFirst ? checks.join(" ") : ""),
      cell(status === null ? "-" : coloured(status === "failed" ? "bad" : "quiet", outcome(status, seconds))),
      cell(isFirst ? reason : "", "long"),
    ];
  });
  const heads = ["id", "time", "action", "check", "outcome", "reason"];
  const table = section({ title: "Latest decisions", heads, rows, none: "none yet", stacks: true });
  if (rows.length === 0) return table;
  const command = html`<code>${commandText(["kas", "admin", "explain", "ID", ...choice])}</code>`;
  return html`
    ${table}<p
      class="quiet">${command} shows each check, and what would change the decision.</p>
  `;
}

function outcome(status: string, seconds: number | null): string {
  return seconds === null ? status : `${status}, ${span(seconds * 1_000)}`;
}
