/**
 * The HTML page of `GET /status` of an autoscaler with several fleets. It shows which fleets have a problem, and links to the page of
 * each fleet.
 *
 * @module
 */
import { capacityOf } from "../../../scaling/model/capacity.ts";
import { count } from "../../../scaling/words.ts";
import { capacityStates, type Snapshot } from "../snapshot.ts";
import type { SummarizedFleet } from "../summary.ts";
import { type Cell, cell, coloured, type Html, html, section } from "./html.ts";
import { footing, pageOf } from "./layout.ts";
import { ago, lasting } from "./times.ts";

/** The content of the page. */
export interface IndexPage {
  /** The version of kas. */
  readonly version: string;
  /** When the autoscaler started, in ISO 8601. */
  readonly started: string;
  /** The time in ms since the epoch. */
  readonly now: number;
  readonly fleets: readonly SummarizedFleet[];
  /** The numbers of messages that kas refused before it knew their fleet, by outcome. */
  readonly messages: Readonly<Record<string, number>>;
}

/** Returns the HTML of the page. Fleets with problems come first. */
export function indexPage({ version, started, now, fleets, messages }: IndexPage): string {
  const all = fleets.map((fleet) => ({ fleet, problems: problemsOf(fleet, now) }));
  const failing = all.filter(({ problems }) => problems.length > 0);
  const sound = all.filter(({ problems }) => problems.length === 0);
  const heads = ["fleet", "in service", "capacity", "min–max", "activities", "observed", "state"];
  const rows = [...failing, ...sound].map(({ fleet, problems }) => rowOf(fleet, problems, now));
  const title = failing.length === 0
    ? count(fleets.length, "fleet")
    : `${failing.length} of ${count(fleets.length, "fleet")} with problems`;
  return pageOf({
    title,
    body: html`
      <h1>kas autoscaler</h1>
      <p class="quiet">${footing(version, started, now)}</p>
      ${section({ title: count(fleets.length, "fleet"), heads, rows, none: "none", stacks: true })}
      <h2>Messages that kas did not accept</h2>
      <p>${Object.entries(messages).map(([name, count]) => `${count} ${name}`).join(", ")}</p>
    `,
  });
}

function rowOf(fleet: SummarizedFleet, problems: readonly Html[], now: number): Cell[] {
  const state = cell(
    problems.length > 0
      ? html`<ul class="problems">${problems.map((it) => html`<li>${it}</li>`)}</ul>`
      : coloured("good", "ok"),
    "long",
  );
  if ("problem" in fleet) return [cell(fleet.fleet), ...Array.from({ length: 5 }, () => cell("-")), state];
  const { snapshot } = fleet;
  const { observation, inProgress } = snapshot;
  const { current, desired, min, max } = capacityStates(snapshot);
  return [
    cell(html`<a href="?fleet=${fleet.fleet}">${fleet.fleet}</a>`),
    cell(observation === undefined ? "-" : html`<b>${capacityOf(observation).inService}</b>`),
    cell(current === desired ? current : `${current} → ${desired}`),
    cell(`${min}–${max}`),
    cell(inProgress.length),
    cell(observation === undefined ? "not yet" : ago(observation.now, now)),
    state,
  ];
}

/** Returns what needs attention in a fleet. */
function problemsOf(fleet: SummarizedFleet, now: number): Html[] {
  if ("problem" in fleet) return [coloured("bad", `does not run: ${fleet.problem}`)];
  const { alerts, lastObservation, paused = {} }: Snapshot = fleet.snapshot;
  const isKnown = alerts.some(({ name }) => name === "cannot-observe");
  return [
    ...alerts.map(({ name, since }) => html`${coloured("bad", html`<b>${name}</b>`)} ${lasting(since, now)}`),
    ...(lastObservation?.error === undefined || isKnown
      ? []
      : [coloured("going", `the last observation failed: ${lastObservation.error}`)]),
    ...Object.keys(paused).map((direction) => coloured("going", `scaling ${direction} is paused`)),
  ];
}
