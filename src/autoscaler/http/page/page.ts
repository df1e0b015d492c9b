/**
 * The HTML page of `GET /status` about a fleet. It shows whether the fleet has a problem, and details with which to find the cause.
 *
 * @module
 */
import { commandText } from "../../../cli/command_line.ts";
import { isoTime } from "../../../cli/format.ts";
import { kebab } from "../../../cli/command.ts";
import { operatorPauseSentence } from "../../../scaling/checks/paused.ts";
import { overrideSentence } from "../../../scaling/policies/operator.ts";
import { pauseSentence, pausesOf } from "../../../scaling/faults/pauses.ts";
import { exists } from "../../../scaling/model/instance.ts";
import { count } from "../../../scaling/words.ts";
import { boundsOf } from "../../../scaling/model/capacity.ts";
import {
  capacityStates,
  DISPLAYED_STATUSES,
  type DisplayedStatus,
  displayedStatus,
  type Snapshot,
} from "../snapshot.ts";
import { cell, coloured, type Html, html, section } from "./html.ts";
import { footing, pageOf } from "./layout.ts";
import { activitiesSection } from "./activities.ts";
import { alarmsSection } from "./alarms.ts";
import { decisionsSection, type DisplayedDecision } from "./decisions.ts";
import { COLOURS, type DisplayedInstance, instancesSection, spaced } from "./instances.ts";
import { ago, lasting, span } from "./times.ts";

/** The content of the page. */
export interface Page {
  readonly fleet: string;
  /** Whether the autoscaler has several fleets. The page then links to the list of them. Default: false. */
  readonly isOneOfSeveral?: boolean;
  /** The version of kas. */
  readonly version: string;
  /** When the autoscaler started, in ISO 8601. */
  readonly started: string;
  readonly snapshot: Snapshot;
  /** The latest decisions, newest first. */
  readonly decisions: readonly DisplayedDecision[];
  /** The current settings. Times are in ms. */
  readonly settings: Readonly<Record<string, string | number | boolean | undefined>>;
  /** The numbers of messages that the autoscaler received since its start, by outcome. */
  readonly messages: Readonly<Record<string, number>>;
}

/** The statuses of the instances that count as capacity. */
const CAPACITY: ReadonlySet<DisplayedStatus> = new Set(["in-service", "failing", "joining"]);

/** The page warns if a message has been in the inbox for longer than this time without being processed, in ms. */
const OLD_MESSAGE = 120_000;

/** Returns the HTML of the page. */
export function statusPage(
  { fleet, isOneOfSeveral = false, version, started, snapshot, decisions, settings, messages }: Page,
): string {
  const { now, observation } = snapshot;
  const instances = displayed(snapshot);
  // What the commands on the page need besides.
  const choice = isOneOfSeveral ? ["--fleet", fleet] : [];
  return pageOf({
    title: `${titleOf(snapshot, instances)}: ${fleet}`,
    body: html`
      ${isOneOfSeveral ? html`<p><a href="status">All fleets</a></p>` : html``}
      <h1>Fleet ${fleet}</h1>
      ${alertList(snapshot)}
      ${counts(snapshot, instances)}
      <p class="quiet">${observation === undefined
        ? "not observed yet"
        : html`observed ${ago(observation.now, now)}`}
      · ${footing(version, started, now)}</p>
      ${notices(snapshot, instances, settings["dryRun"] === true, choice)}
      ${activitiesSection(snapshot)}
      ${decisionsSection(decisions, now, choice)}
      ${alarmsSection(snapshot)}
      ${instancesSection(snapshot, instances)}
      <h2>Messages</h2>
      <p>${Object.entries(messages).map(([name, count]) => `${count} ${name}`).join(", ")}</p>
      ${settingsSection(settings)}
    `,
  });
}

function displayed({ observation, inProgress }: Snapshot): readonly DisplayedInstance[] {
  const kinds = new Map(inProgress.map(({ activity: { instance, kind } }) => [instance, kind]));
  return (observation?.instances ?? []).filter(exists)
    .map((instance) => ({ instance, status: displayedStatus(instance, kinds.get(instance.id)) }));
}

function inService(instances: readonly DisplayedInstance[]): number {
  return instances.filter(({ status }) => status === "in-service").length;
}

function titleOf({ alerts }: Snapshot, instances: readonly DisplayedInstance[]): string {
  const serving = `${inService(instances)} in service`;
  return alerts.length === 0 ? serving : `${count(alerts.length, "alert")}, ${serving}`;
}

function alertList({ now, alerts }: Snapshot): Html {
  if (alerts.length === 0) return html``;
  return html`<ul class="alerts">${
    alerts.map(({ name, reason, since }) =>
      html`<li><b>${name}</b> ${lasting(since, now)}<p>${reason}</p></li>`
    )
  }</ul>`;
}

function counts(snapshot: Snapshot, instances: readonly DisplayedInstance[]): Html {
  const { observation, limits } = snapshot;
  if (observation === undefined) return html``;
  const { desired } = capacityStates(snapshot);
  const current = instances.filter(({ status }) => CAPACITY.has(status)).length;
  const byStatus = Map.groupBy(instances, ({ status }) => status);
  const { min, max } = boundsOf({ ...observation, limits });
  // The schedules whose windows set a bound.
  const names = new Set([...min.windows, ...max.windows].map(({ name }) => name));
  return html`<ul class="counts">
${
    DISPLAYED_STATUSES.map((status) => {
      const count = byStatus.get(status)?.length ?? 0;
      return html`<li>${
        coloured(count === 0 ? "quiet" : COLOURS[status], html`<b>${count}</b> ${spaced(status)}`)
      }</li>`;
    })
  }${
    desired === current ? "" : html`<li><b>${desired}</b> desired</li>`
  }<li><b>${min.value}–${max.value}</b> min–max${
    names.size === 0 ? "" : ` (schedule ${[...names].join(", ")})`
  }</li>
</ul>`;
}

/** Returns one sentence for each problem that needs attention, except those that an alert explains. */
function notices(
  { now, observation, limits, lastObservation, waiting, oldest, paused = {}, override, alerts }: Snapshot,
  instances: readonly DisplayedInstance[],
  dryRun: boolean,
  choice: readonly string[],
): Html {
  const serving = instances.filter(({ status }) => status === "in-service" || status === "failing").length;
  const min = observation === undefined ? 0 : boundsOf({ ...observation, limits }).min.value;
  const quarantined = instances.filter(({ instance }) => instance.quarantine !== undefined).length;
  const firing = new Set(alerts.map(({ name }) => name));
  const sentences: Html[] = [
    ...(lastObservation?.error === undefined || firing.has("cannot-observe") ? [] : [
      html`The last observation failed ${ago(lastObservation.at, now)}: ${lastObservation.error}`,
    ]),
    ...(serving >= min || firing.has("below-min")
      ? []
      : [html`In service: ${serving}, below the minimum of ${min}`]),
    ...(oldest === undefined || now - oldest < OLD_MESSAGE ? [] : [
      html`Messages not yet processed: ${waiting}. The oldest has waited for ${span(now - oldest)}`,
    ]),
    ...(quarantined === 0 ? [] : [
      html`In quarantine: ${quarantined}. Release an instance with <code>${
        commandText(["kas", "admin", "instances", "release", "ID", ...choice])
      }</code>`,
    ]),
    ...(["out", "in"] as const).flatMap((direction) => {
      const pause = paused[direction];
      return pause === undefined ? [] : [
        html`${operatorPauseSentence(direction, pause)} To end the pause: <code>${
          commandText(["kas", "admin", "resume", ...choice])
        }</code>`,
      ];
    }),
    ...(override === undefined ? [] : [
      html`${overrideSentence(override)}${
        override.once
          ? html`
            kas tries to reach it until ${isoTime(override.until)}.
          `
          : ""
      } To end this: <code>${commandText(["kas", "admin", "scale", "auto", ...choice])}</code>`,
    ]),
    ...(observation === undefined ? [] : pausesOf({ ...observation, now }).all)
      .map((pause) => html`Starts are paused. ${pauseSentence(pause)}`),
    ...(dryRun ? [html`Dry run: the autoscaler makes decisions, but does not carry them out`] : []),
  ];
  return sentences.length === 0
    ? html``
    : html`<ul class="notices">${sentences.map((it) => html`<li>${it}</li>`)}</ul>`;
}

function settingsSection(settings: Page["settings"]): Html {
  const rows = Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    // All numbers except min and max are durations.
    const text = typeof value === "number" && name !== "min" && name !== "max" ? span(value) : String(value);
    return [[cell(kebab(name)), cell(text, "long")]];
  });
  return section({ title: "Settings", heads: ["setting", "value"], rows, none: "none" });
}
