/**
 * The tables of the status page: what is under way, what was decided, the alarms, the instances.
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

/** An instance, and where it stands with what is under way by now. */
export interface DisplayedInstance {
  readonly instance: Instance;
  readonly status: DisplayedStatus;
}

/** A decision with its activity, and the check that decided. */
export interface DisplayedDecision {
  readonly line: JournalLine;
  readonly checks: readonly string[];
}

/** The colour of a place. */
export const COLOURS = {
  "in-service": "good",
  joining: "busy",
  leaving: "going",
  standby: "quiet",
  quarantined: "bad",
} as const satisfies Record<DisplayedStatus, string>;

/** What needs a look comes first in the list. */
const LISTED_FIRST: readonly DisplayedStatus[] = [
  "quarantined",
  "joining",
  "leaving",
  "in-service",
  "standby",
];

/** As wide as a figure, so that percents stand below each other. */
const FIGURE_SPACE = "\u2007";

/** Alarms that are listed; the instances have the states of their own beside them. */
const ALARMS_LISTED = 20;

/** The activities under way, each with the step it is at. */
export function activitiesSection({ now, inProgress }: Snapshot): Html {
  const rows = inProgress.map(({ activity: { kind, instance, template, began, reason }, step }) => [
    cell(kind),
    cell(instance ?? template ?? "-"),
    cell(step === undefined ? "-" : step.instance === instance ? step.step : `${step.step} ${step.instance}`),
    cell(step === undefined ? "-" : span(now - step.began)),
    cell(span(now - began)),
    cell(reason, "long"),
  ]);
  return section("Under way", ["what", "instance", "step", "in it for", "in all", "why"], rows, "nothing");
}

/** The latest decisions, in words. */
export function decisionsSection(decisions: readonly DisplayedDecision[], now: number): Html {
  const rows = decisions.map((
    { line: { id, time, kind, instance, status, reason, times, seconds }, checks },
  ) => [
    cell(id),
    cell([ago(Date.parse(time), now), times > 1 ? ` (${times} times)` : ""]),
    cell(kind === "none" ? "nothing" : `${kind} ${instance ?? ""}`),
    cell(checks.join(" ")),
    cell(status === null ? "-" : coloured(status === "failed" ? "bad" : "quiet", outcome(status, seconds))),
    cell(reason, "long"),
  ]);
  const heads = ["no.", "when", "decided", "check", "came of it", "why"];
  const table = section("Latest decisions", heads, rows, "none yet");
  if (rows.length === 0) return table;
  const command = html`<code>kas admin explain NO</code>`;
  return html`
    ${table}<p
      class="quiet">${command} tells what each check said, and what would change the decision.</p>
  `;
}

function outcome(state: string, seconds: number | null): string {
  return seconds === null ? state : `${state}, ${span(seconds * 1_000)}`;
}

/** The alarms that ask for something. */
export function alarmsSection({ now, observation }: Snapshot): Html {
  const all = observation?.alarms ?? [];
  const asking = (["out", "in"] as const).flatMap((way) =>
    all.filter((alarm) => asksFor(alarm) === way).map((alarm) => ({ alarm, way }))
  );
  const rows = asking.slice(0, ALARMS_LISTED).map((
    { alarm: { kind, dimension, state, threshold, period, changed }, way },
  ) => [
    cell(way === "out" ? "one more" : "one less"),
    cell(kind),
    cell(dimension),
    cell(`${state} for ${span(now - changed)}`),
    cell(`≥ ${threshold}${kind === "reqcount" ? "" : " %"} in ${period} s`),
  ]);
  const states = [...Map.groupBy(all, ({ state }) => state)].map(([state, { length }]) =>
    `, ${length} in ${state}`
  );
  const heads = ["asks for", "alarm", "of", "state", "threshold"];
  return html`
    ${section("Alarms that ask for a step", heads, rows, "none")}${more(rows.length, asking.length)}
    <p class="quiet">${all.length} alarms in all${states}</p>
  `;
}

function asksFor(alarm: Alarm): "out" | "in" | "none" {
  return directionOf(alarm.kind, alarm.state);
}

/** The instances, each with its alarms. */
export function instancesSection({ now, observation }: Snapshot, placed: readonly DisplayedInstance[]): Html {
  const states = new Map(
    observation?.alarms.map(({ kind, dimension, state }) => [`${kind} ${dimension}`, state]),
  );
  const alarm = (kind: AlarmKind, { id }: Instance) => states.get(`${kind} ${id}`) ?? "-";
  const rank = ({ status: where }: DisplayedInstance) => LISTED_FIRST.indexOf(where);
  const rows = placed.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED).map(
    ({ instance, status: where }) => {
      const { id, name, role, zone, state, registration } = instance;
      const percent = observation?.cpu[id]?.percent;
      const since = observation?.history.inServiceSince[id];
      return [
        cell(html`<code>${id}</code>`),
        cell([name, note(instance)], "long"),
        cell(role),
        cell(zone),
        cell(coloured(COLOURS[where], spaced(where))),
        cell(state),
        cell(registration),
        cell(percent === undefined ? "-" : `${percent.toFixed(1).padStart(5, FIGURE_SPACE)} %`),
        cell(alarm("cpuhigh", instance)),
        cell(alarm("cpulow", instance)),
        cell(since === undefined || where !== "in-service" ? "-" : span(now - since)),
      ];
    },
  );
  const heads = [
    "id",
    "name",
    "role",
    "zone",
    "stands",
    "state",
    "balancer",
    "CPU",
    "cpuhigh",
    "cpulow",
    "serves for",
  ];
  return html`${section("Instances", heads, rows, observation === undefined ? "not seen yet" : "none")}
${more(rows.length, placed.length)}`;
}

/** Why scaling leaves an instance alone. */
function note({ quarantine, autoScalingGroup }: Instance): Html {
  if (quarantine !== undefined) return html`<p>${coloured("bad", `quarantined: ${quarantine}`)}</p>`;
  if (autoScalingGroup === undefined) return html``;
  return html`<p>${coloured("quiet", `of the Auto Scaling group ${autoScalingGroup}`)}</p>`;
}

/** A place as two words. */
export function spaced(where: DisplayedStatus): string {
  return where.replace("-", " ");
}

function more(listed: number, all: number): Html {
  return listed < all ? html`<p>and ${all - listed} more</p>` : html``;
}
