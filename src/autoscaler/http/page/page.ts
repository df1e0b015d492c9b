/**
 * `GET /status` for people: one page that tells at a glance whether all is well, and if not where to look. It needs nothing from
 * elsewhere, and runs no script.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { kebab } from "../../../cli/command.ts";
import { exists } from "../../../scaling/model/instance.ts";
import { maxCapacity, minCapacity } from "../../../scaling/model/capacity.ts";
import { DISPLAYED_STATUSES, displayedStatus, type Snapshot } from "../snapshot.ts";
import { cell, coloured, type Html, html, own, section } from "./html.ts";
import css from "./page.css" with { type: "text" };
import {
  activitiesSection,
  alarmsSection,
  COLOURS,
  decisionsSection,
  type DisplayedDecision,
  type DisplayedInstance,
  instancesSection,
  spaced,
} from "./sections.ts";
import { ago, iso, span } from "./words.ts";

/** What the page tells. */
export interface Page {
  readonly fleet: string;
  /** Of kas. */
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly snapshot: Snapshot;
  /** The latest decisions, newest first. */
  readonly decisions: readonly DisplayedDecision[];
  /** Those in force; times in ms. */
  readonly settings: Readonly<Record<string, string | number | boolean | undefined>>;
  /** What became of the messages since the start. */
  readonly messages: Readonly<Record<string, number>>;
}

/** Seconds until the browser asks again. */
const REFRESH = 10;

/** A message that has waited for so long is told of, ms. */
const LONG_WAIT = 120_000;

/** With what the page is sent: it may load, run, send and be framed by nothing. Source: W3C, Content Security Policy Level 3. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(css).digest("base64")}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "refresh": String(REFRESH),
};

/** The page as HTML. */
export function statusPage(
  { fleet, version, started, snapshot, decisions, settings, messages }: Page,
): string {
  const { now, observation } = snapshot;
  const placed = placedOf(snapshot);
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>${inService(placed)} in service: ${fleet}</title>
        <style>${own(css)}</style>
      </head>
      <body>
    <h1>Fleet ${fleet}</h1>
    ${counts(snapshot, placed)}
    <p class="quiet">${observation === undefined
      ? "not seen yet"
      : html`as seen ${ago(observation.now, now)}`}
    · kas ${version}, up ${span(now - Date.parse(started))} · page of ${iso(
      now,
    )}, made anew every ${REFRESH} s</p>
    ${notices(snapshot, placed, settings["dryRun"] === true)}
    ${activitiesSection(snapshot)}
    ${decisionsSection(decisions, now)}
    ${alarmsSection(snapshot)}
    ${instancesSection(snapshot, placed)}
    <h2>Messages</h2>
    <p>${Object.entries(messages).map(([name, count]) => `${count} ${name}`).join(", ")}</p>
    ${settingsSection(settings)}
      </body>
    </html>
  `.text;
}

function placedOf({ observation, inProgress }: Snapshot): readonly DisplayedInstance[] {
  const kinds = new Map(inProgress.map(({ activity: { instance, kind } }) => [instance, kind]));
  return (observation?.instances ?? []).filter(exists)
    .map((instance) => ({ instance, status: displayedStatus(instance, kinds.get(instance.id)) }));
}

function inService(placed: readonly DisplayedInstance[]): number {
  return placed.filter(({ status: where }) => where === "in-service").length;
}

function counts({ observation, limits }: Snapshot, placed: readonly DisplayedInstance[]): Html {
  if (observation === undefined) return html``;
  const standing = Map.groupBy(placed, ({ status: where }) => where);
  const inForce = { ...observation, limits };
  return html`<ul class="counts">
${
    DISPLAYED_STATUSES.map((where) => {
      const count = standing.get(where)?.length ?? 0;
      return html`<li>${
        coloured(count === 0 ? "quiet" : COLOURS[where], html`<b>${count}</b> ${spaced(where)}`)
      }</li>`;
    })
  }<li><b>${minCapacity(inForce)}–${maxCapacity(inForce)}</b> min–max</li>
</ul>`;
}

/** What is not as it should be, each in a sentence. */
function notices(
  { now, observation, limits, lastObservation: look, waiting, oldest }: Snapshot,
  placed: readonly DisplayedInstance[],
  dryRun: boolean,
): Html {
  const serving = inService(placed);
  const least = observation === undefined ? 0 : minCapacity({ ...observation, limits });
  const quarantined = placed.filter(({ instance }) => instance.quarantine !== undefined).length;
  const told: Html[] = [
    ...(look?.error === undefined ? [] : [
      html`The last look at the fleet failed ${ago(look.at, now)}: ${look.error}`,
    ]),
    ...(serving >= least ? [] : [html`${serving} in service, and the minimum is ${least}`]),
    ...(oldest === undefined || now - oldest < LONG_WAIT ? [] : [
      html`Messages wait: ${waiting}, the first of them for ${span(now - oldest)}`,
    ]),
    ...(quarantined === 0 ? [] : [
      html`In quarantine: ${quarantined}; <code>kas admin instances release ID</code> lifts it`,
    ]),
    ...(dryRun ? [html`A dry run: it decides, and does nothing`] : []),
  ];
  return told.length === 0
    ? html``
    : html`<ul class="notices">${told.map((it) => html`<li>${it}</li>`)}</ul>`;
}

function settingsSection(settings: Page["settings"]): Html {
  const rows = Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    // All numbers but two are times.
    const text = typeof value === "number" && name !== "min" && name !== "max" ? span(value) : String(value);
    return [[cell(kebab(name)), cell(text, "long")]];
  });
  return section("Settings", ["setting", "value"], rows, "none");
}
