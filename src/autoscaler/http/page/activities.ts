/**
 * The table of activities on the status page.
 *
 * @module
 */
import type { Snapshot } from "../snapshot.ts";
import { cell, type Html, section } from "./html.ts";
import { span } from "./times.ts";

/** Returns the table of the activities in progress, each with its current step. */
export function activitiesSection({ now, inProgress }: Snapshot): Html {
  const rows = inProgress.map(({ activity: { kind, instance, template, began, reason }, step }) => [
    cell(kind),
    cell(instance ?? template ?? "-"),
    cell(step === undefined ? "-" : step.instance === instance ? step.step : `${step.step} ${step.instance}`),
    cell(step === undefined ? "-" : span(now - step.began)),
    cell(span(now - began)),
    cell(reason, "long"),
  ]);
  return section({
    title: "In progress",
    heads: ["action", "instance", "step", "step time", "total time", "reason"],
    rows,
    none: "none",
    stacks: true,
  });
}
