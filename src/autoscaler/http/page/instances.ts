/**
 * The table of instances on the status page.
 *
 * @module
 */
import { isoTime } from "../../../cli/format.ts";
import type { AlarmKind } from "../../../scaling/model/alarm.ts";
import type { Instance } from "../../../scaling/model/instance.ts";
import type { Datapoint } from "../../../scaling/model/load/metric.ts";
import type { Observation } from "../../../scaling/model/observation.ts";
import type { LastScrape } from "../../telemetry/samples.ts";
import type { DisplayedStatus, Snapshot } from "../snapshot.ts";
import { LISTED } from "../status.ts";
import { cell, coloured, type Html, html, more, section } from "./html.ts";
import { ago, span } from "./times.ts";

/** An instance and its displayed status. An activity in progress counts as completed. */
export interface DisplayedInstance {
  readonly instance: Instance;
  readonly status: DisplayedStatus;
}

/** The colour of each status. */
export const COLOURS = {
  "in-service": "good",
  failing: "bad",
  joining: "busy",
  leaving: "going",
  standby: "quiet",
  detached: "quiet",
  unhealthy: "bad",
  quarantined: "bad",
} as const satisfies Record<DisplayedStatus, string>;

/** The order of the statuses in the list: instances that need attention come first. */
const LISTED_FIRST: readonly DisplayedStatus[] = [
  "quarantined",
  "unhealthy",
  "failing",
  "detached",
  "joining",
  "leaving",
  "in-service",
  "standby",
];

/** A space that is as wide as a digit. It aligns the percentages in their column. */
const FIGURE_SPACE = "\u2007";

/** Returns the table of the instances, each with the states of its CPU alarms. */
export function instancesSection(
  { now, observation, scrapes }: Snapshot,
  instances: readonly DisplayedInstance[],
): Html {
  const isScraping = scrapes.size > 0;
  const states = new Map(
    observation?.alarms.map(({ kind, dimension, state }) => [`${kind} ${dimension}`, state]),
  );
  const alarm = (kind: AlarmKind, { id }: Instance) => states.get(`${kind} ${id}`) ?? "-";
  const rank = ({ status }: DisplayedInstance) => LISTED_FIRST.indexOf(status);
  const rows = instances.toSorted((a, b) => rank(a) - rank(b)).slice(0, LISTED).map(
    ({ instance, status }) => {
      const { id, name, role, zone, state, registration } = instance;
      const load = loadOf(instance, observation);
      const since = observation?.history.inServiceSince[id];
      const scrape = state === "running" ? scrapes.get(id) : undefined;
      return [
        cell(html`<code>${id}</code>`),
        cell(coloured(COLOURS[status], spaced(status))),
        cell(role),
        cell(zone),
        cell(state),
        cell(registration),
        cell(
          load === undefined
            ? "-"
            : html`${load.percent.toFixed(1).padStart(5, FIGURE_SPACE)} %, ${ago(load.at, now, 1)}`,
        ),
        ...(isScraping ? [cell(scrapeText(scrape, now))] : []),
        cell(alarm("cpuhigh", instance)),
        cell(alarm("cpulow", instance)),
        cell(since === undefined || status !== "in-service" ? "-" : span(now - since)),
        cell([name, troubleOf(instance, now), scrapeProblem(scrape), note(instance)], "long"),
      ];
    },
  );
  const heads = [
    "id",
    "status",
    "role",
    "zone",
    "state",
    "registration",
    "CPU",
    ...(isScraping ? ["scrape"] : []),
    "cpuhigh",
    "cpulow",
    "in service for",
    "name",
  ];
  return html`${
    section({
      title: "Instances",
      heads,
      rows,
      none: observation === undefined ? "not observed yet" : "none",
    })
  }
${more(rows.length, instances.length)}`;
}

/**
 * Returns the CPU datapoint that the autoscaler last read of a running instance. Undefined if it has read none since the
 * instance was last started: the autoscaler reads the CPU only if a decision depends on it.
 */
function loadOf(
  { id, state, launched = 0 }: Instance,
  observation: Observation | undefined,
): Datapoint | undefined {
  const point = observation?.cpu?.[id];
  return point !== undefined && state === "running" && point.at >= launched ? point : undefined;
}

/** Returns what last answered a scrape of an instance, and how long ago. */
function scrapeText(scrape: LastScrape | undefined, now: number): Html | string {
  if (scrape === undefined) return "-";
  const { answered, exporter, problem } = scrape;
  if (answered === undefined || exporter === undefined) return coloured("bad", "failed");
  const text = html`${exporter}, ${ago(answered, now, 1)}`;
  return problem === undefined ? text : coloured("bad", text);
}

/** Returns why the last scrape of an instance failed, or nothing if it succeeded. */
function scrapeProblem({ problem }: Partial<LastScrape> = {}): Html {
  return problem === undefined
    ? html``
    : html`<p>${coloured("bad", `the last scrape failed: ${problem}`)}</p>`;
}

/** Returns since when an instance fails, and what EC2 reports of it, or nothing if it does not fail. */
function troubleOf({ failingSince, impaired }: Instance, now: number): Html {
  const found = [
    ...(failingSince === undefined ? [] : [`failing for ${span(now - failingSince)}`]),
    ...(impaired === undefined ? [] : [impaired]),
  ];
  return found.length === 0 ? html`` : html`<p>${coloured("bad", found.join("; "))}</p>`;
}

/** Returns why the autoscaler does not start or does not stop an instance, or nothing if it may do both. */
function note(instance: Instance): Html {
  const { quarantine, quarantineUntil, autoScalingGroup } = instance;
  if (quarantine !== undefined) {
    const end = quarantineUntil === undefined ? "" : ` until ${isoTime(quarantineUntil)}`;
    return html`<p>${coloured("bad", `quarantined${end}: ${quarantine}`)}</p>`;
  }
  if (autoScalingGroup !== undefined) {
    return html`<p>${coloured("quiet", `in the Auto Scaling group ${autoScalingGroup}`)}</p>`;
  }
  if (instance.detached) return html`<p>${coloured("quiet", "detached for maintenance")}</p>`;
  return instance.protected ? html`<p>${coloured("quiet", "protected")}</p>` : html``;
}

/** Returns a status with a space instead of the hyphen: `in service`. */
export function spaced(status: DisplayedStatus): string {
  return status.replace("-", " ");
}
