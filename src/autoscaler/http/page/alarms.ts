/**
 * The table of alarms on the status page.
 *
 * @module
 */
import type { Alarm } from "../../../scaling/model/alarm.ts";
import { directionOf } from "../../../scaling/policies/alarms.ts";
import type { Snapshot } from "../snapshot.ts";
import { cell, type Html, html, more, section } from "./html.ts";
import { span } from "./times.ts";

/** The largest number of alarms that the page lists. The table of instances shows the states of all CPU alarms. */
const ALARMS_LISTED = 20;

/** Returns the table of the alarms that recommend a change of capacity, and the number of alarms in each state. */
export function alarmsSection({ now, observation }: Snapshot): Html {
  const all = observation?.alarms ?? [];
  const recommending = (["out", "in"] as const).flatMap((direction) =>
    all.filter((alarm) => recommends(alarm) === direction).map((alarm) => ({ alarm, direction }))
  );
  const rows = recommending.slice(0, ALARMS_LISTED).map((
    { alarm: { kind, dimension, state, threshold, period, changed }, direction },
  ) => [
    cell(`scale ${direction}`),
    cell(kind),
    cell(dimension),
    cell(`${state} for ${span(now - changed)}`),
    cell(`≥ ${threshold}${kind === "reqcount" ? "" : " %"} in ${period} s`),
  ]);
  const states = [...Map.groupBy(all, ({ state }) => state)].map(([state, { length }]) =>
    `, ${length} in ${state}`
  );
  const heads = ["recommends", "alarm", "dimension", "state", "threshold"];
  return html`
    ${section({ title: "Alarms that recommend a change", heads, rows, none: "none", stacks: true })}${more(
      rows.length,
      recommending.length,
    )}
    <p class="quiet">${all.length} alarms${states}</p>
  `;
}

function recommends(alarm: Alarm): "out" | "in" | "none" {
  return directionOf(alarm.kind, alarm.state);
}
