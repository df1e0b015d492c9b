/**
 * The tables of the status page: activities in progress, decisions, alarms, instances.
 *
 * @module
 */
import type { Alarm, AlarmKind } from "../../../scaling/model/alarm.ts";
import { directionOf } from "../../../scaling/policies/alarms.ts";
import type { Instance } from "../../../scaling/model/instance.ts";
import type { JournalLine } from "../../store/lines.ts";
import type { DisplayedStatus, Snapshot } from "../snapshot.ts";
import { LISTED } from "../status.ts";
import { cell, coloured, type Html, html, section } from "./html.ts";
import { ago, span } from "./words.ts";

/** An instance and its status. An activity in progress counts as finished. */
export interface DisplayedInstance {
  readonly instance: Instance;
  readonly status: DisplayedStatus;
}

/** A decision with its outcome, and the check that decided it. */
export interface DisplayedDecision {
  readonly line: JournalLine;
  readonly checks: readonly string[];
}

/** The colour of each status. */
export const COLOURS = {
  "in-service": "good",
  joining: "busy",
  leaving: "going",
  standby: "quiet",
  quarantined: "bad",
} as const satisfies Record<DisplayedStatus, string>;

/** The order of the list: what needs attention comes first. */
const LISTED_FIRST: readonly DisplayedStatus[] = [
  "quarantined",
  "joining",
  "leaving",
  "in-service",
  "standby",
];

/** A space as wide as a digit, which aligns the percentages. */
const FIGURE_SPACE = "\u2007";

/** How many alarms are listed. The table of instances has the states of all CPU alarms. */
const ALARMS_LISTED = 20;

/** The activities in progress, each with its open step. */
export function activitiesSection({ now, inProgress }: Snapshot): Html {
  const rows = inProgress.map(({ activity: { kind, instance, template, began, reason }, step }) => [
    cell(kind),
    cell(instance ?? template ?? "-"),
    cell(step === undefined ? "-" : step.instance === instance ? step.step : `${step.step} ${step.instance}`),
    cell(step === undefined ? "-" : span(now - step.began)),
    cell(span(now - began)),
    cell(reason, "long"),
  ]);
  return section(
    "In progress",
    ["action", "instance", "step", "step time", "total time", "reason"],
    rows,
    "none",
  );
}

/** The latest decisions. */
export function decisionsSection(decisions: readonly DisplayedDecision[], now: number): Html {
  const rows = decisions.map((
    { line: { id, time, kind, instance, status, reason, times, seconds }, checks },
  ) => [
    cell(id),
    cell([ago(Date.parse(time), now), times > 1 ? ` (${times} times)` : ""]),
    cell(kind === "none" ? "none" : `${kind} ${instance ?? ""}`),
    cell(checks.join(" ")),
    cell(status === null ? "-" : coloured(status === "failed" ? "bad" : "quiet", outcome(status, seconds))),
    cell(reason, "long"),
  ]);
  const heads = ["id", "time", "action", "check", "outcome", "reason"];
  const table = section("Latest decisions", heads, rows, "none yet");
  if (rows.length === 0) return table;
  const command = html`<code>kas admin explain ID</code>`;
  return html`
    ${table}<p
      class="quiet">${command} shows each check, and what would change the decision.</p>
  `;
}

function outcome(status: string, seconds: number | null): string {
  return seconds === null ? status : `${status}, ${span(seconds * 1_000)}`;
}

/** The alarms that recommend a change of capacity. */
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
    ${section("Alarms that recommend a change", heads, rows, "none")}${more(rows.length, recommending.length)}
    <p class="quiet">${all.length} alarms${states}</p>
  `;
}

function recommends(alarm: Alarm): "out" | "in" | "none" {
  return directionOf(alarm.kind, alarm.state);
}

/** The instances, each with its CPU alarms. */
export function instancesSection(
  { now, observation }: Snapshot,
  instances: readonly DisplayedInstance[],
): Html {
  const states = new Map(
    observation?.alarms.map(({ kind, dimension, state }) => [`${kind} ${dimension}`, state]),
  );
  const alarm = (kind: AlarmKind, { id }: Instance) => states.get(`${kind} ${id}`) ?? "-";
  const rank = ({ status }: DisplayedInstance) => LISTED_FIRST.indexOf(status);
  const rows = instances.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED).map(
    ({ instance, status }) => {
      const { id, name, role, zone, state, registration } = instance;
      const percent = observation?.cpu[id]?.percent;
      const since = observation?.history.inServiceSince[id];
      return [
        cell(html`<code>${id}</code>`),
        cell([name, note(instance)], "long"),
        cell(role),
        cell(zone),
        cell(coloured(COLOURS[status], spaced(status))),
        cell(state),
        cell(registration),
        cell(percent === undefined ? "-" : `${percent.toFixed(1).padStart(5, FIGURE_SPACE)} %`),
        cell(alarm("cpuhigh", instance)),
        cell(alarm("cpulow", instance)),
        cell(since === undefined || status !== "in-service" ? "-" : span(now - since)),
      ];
    },
  );
  const heads = [
    "id",
    "name",
    "role",
    "zone",
    "status",
    "state",
    "balancer",
    "CPU",
    "cpuhigh",
    "cpulow",
    "in service for",
  ];
  return html`${section("Instances", heads, rows, observation === undefined ? "not observed yet" : "none")}
${more(rows.length, instances.length)}`;
}

/** Why the autoscaler does not act on an instance. */
function note({ quarantine, autoScalingGroup }: Instance): Html {
  if (quarantine !== undefined) return html`<p>${coloured("bad", `quarantined: ${quarantine}`)}</p>`;
  if (autoScalingGroup === undefined) return html``;
  return html`<p>${coloured("quiet", `in the Auto Scaling group ${autoScalingGroup}`)}</p>`;
}

/** A status in separate words. */
export function spaced(status: DisplayedStatus): string {
  return status.replace("-", " ");
}

function more(listed: number, all: number): Html {
  return listed < all ? html`<p>and ${all - listed} more</p>` : html``;
}
