/**
 * An explanation as people read it, and as programs do.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { wrap } from "../../cli/text.ts";
import { ONE_MORE } from "../../scaling/counterfactual/instances.ts";
import type { Decision } from "../../scaling/model/decision.ts";
import { activityOf } from "../../scaling/model/activity.ts";
import type { Explanation } from "../../scaling/explain.ts";
import { isObserved, type Observation } from "../../scaling/model/observation.ts";
import type { Instance } from "../../scaling/model/instance.ts";

/** How many instances, alarms and steps are shown one by one. */
const SHOWN = 20;

/** The explanation as one JSON object. */
export function explanationToJson(
  record: DecisionRecord,
  { recommended, checks, changes }: Explanation,
): object {
  const { id, time, kas, message, trigger, observation, decision, activity } = record;
  return {
    id,
    time: iso(time),
    kas,
    recommended,
    message,
    trigger,
    observation,
    decision,
    checks,
    activity,
    changes: changes.map(({ change, decision: { kind, reason, checks, ...rest } }) => ({
      change,
      kind,
      instance: "instance" in rest && rest.instance !== ONE_MORE ? rest.instance : null,
      checks,
      reason,
    })),
  };
}

/** The explanation in words, line by line, none wider than `columns` where its words allow it. */
export function renderExplanation(
  record: DecisionRecord,
  explanation: Explanation,
  columns: number,
): string[] {
  const { id, time, decision } = record;
  return [
    `Decision ${id} at ${iso(time)}: ${describeDecision(decision)}`,
    "",
    "RECOMMENDED",
    ...recommendedText(record, explanation, columns),
    "",
    "OBSERVED",
    ...observedText(record, explanation.decision, columns),
    "",
    "CHECKS",
    ...checksText(explanation, columns),
    "",
    "DONE",
    ...doneText(record, columns),
    "",
    "WHAT WOULD CHANGE THIS DECISION",
    ...changesText(explanation, columns),
  ];
}

/** `start i-1`, `stop i-1`, `launch from kas-node`, `nothing (max-capacity)`. */
export function describeDecision(decision: Decision): string {
  const { kind, checks } = decision;
  if (kind === "none") return checks.length === 0 ? "nothing" : `nothing (${checks.join(", ")})`;
  if (kind === "launch") return `${kind} from ${decision.template}`;
  return `${kind} ${decision.instance === ONE_MORE ? "that one" : decision.instance}`;
}

function recommendedText(
  { trigger, message, time, kas }: DecisionRecord,
  { recommended, decision: { recommendation } }: Explanation,
  columns: number,
): string[] {
  const alarm = recommendation?.alarm ?? (trigger.kind === "notification" ? trigger.alarm : undefined);
  return [
    recommended,
    `trigger: ${trigger.kind}`,
    ...(alarm === undefined ? [] : [
      `the alarm ${alarm.fleet}:${alarm.kind}:${alarm.dimension} changed to ${alarm.to} at ${
        iso(alarm.at)
      }, ${seconds(time - alarm.at)} before the decision`,
    ]),
    ...(message === null ? [] : [
      `message ${message.id}, received at ${iso(message.received)}, ${
        seconds(time - message.received)
      } before it`,
    ]),
    ...(kas === null ? [] : [`decided by kas ${kas}`]),
  ].flatMap((line) => wrap(line, columns, "  ", "    "));
}

function observedText(
  { observation, decision }: DecisionRecord,
  { recommendation }: Decision,
  columns: number,
): string[] {
  if (!isObserved(observation)) return ["  the fleet was not observed"];
  const { instances, alarms, limits, history } = observation;
  const about = new Set([
    ...("instance" in decision ? [decision.instance] : []),
    ...(recommendation?.alarm === undefined ? [] : [recommendation.alarm.dimension]),
    ...(recommendation?.instance === undefined ? [] : [recommendation.instance]),
  ]);
  const first = (instance: Instance) => (about.has(instance.id) ? 0 : instance.state === "stopped" ? 2 : 1);
  const shown = instances.toSorted((a, b) => first(a) - first(b)).slice(0, SHOWN);
  const speaking = alarms.filter(({ state, dimension }) => state === "ALARM" || about.has(dimension));
  const set = [
    limits.min === undefined ? [] : [`min ${limits.min}`],
    limits.max === undefined ? [] : [`max ${limits.max}`],
    [`warmup ${span(limits.warmup)}`, `cooldown-out ${span(limits.cooldownOut)}`],
    [`cooldown-in ${span(limits.cooldownIn)}`, `resync ${span(limits.resync)}`],
    limits.grow === undefined ? [] : [`grow ${limits.grow}`],
    limits.shrink === undefined ? [] : [`shrink ${limits.shrink}`],
  ].flat().join(", ");
  const ago = (
    at: number | undefined,
  ) => (at === undefined ? "none" : `${seconds(observation.now - at)} before`);
  return [
    ...table(shown.map((instance) => row(instance, observation))),
    ...(shown.length < instances.length ? [`  and ${instances.length - shown.length} more`] : []),
    "",
    ...[
      `alarms: ${alarms.length} of the fleet, ${
        alarms.filter(({ state }) => state === "ALARM").length
      } in ALARM`,
      ...speaking.slice(0, SHOWN).map(({ kind, dimension, state, threshold, changed }) =>
        `${kind} of ${dimension} (>= ${threshold}) in ${state} since ${iso(changed)}`
      ),
      `limits: ${set}`,
      `the last start: ${ago(history.lastOut)}, the last stop: ${ago(history.lastIn)}`,
      ...(history.launchesFail === undefined
        ? []
        : [`launches fail since ${iso(history.launchesFail.since)}: ${ago(history.launchesFail.last)}`]),
    ].flatMap((line) => wrap(line, columns, "  ", "    ")),
  ];
}

function row(
  { id, role, state, registration, launched }: Instance,
  facts: Observation,
): Record<string, string> {
  const percent = facts.cpu[id]?.percent;
  const since = facts.history.inServiceSince[id] ?? (registration === "in-service" ? launched : undefined);
  return {
    instance: id,
    role,
    state,
    registration,
    cpu: percent === undefined ? "-" : `${Number(percent.toFixed(1))} %`,
    "in service since": since === undefined ? "-" : iso(since).replace(/\.\d+Z$/, "Z"),
    "under way": activityOf(facts)(id) ?? "-",
  };
}

function checksText({ checks, selection, decision }: Explanation, columns: number): string[] {
  if (checks.length === 0) return ["  no check was made: nothing was recommended"];
  return [
    ...checks.flatMap(({ name, asks, status, message, passes }) => {
      const would = passes === null ? "" : passes ? "would pass" : "would hold it back too";
      const text = status === "not reached" ? [would, message].filter((it) => it !== "").join(": ") : message;
      return wrap(
        text,
        columns,
        `  ${name.padEnd(16)}${asks.padEnd(26)}${status.padEnd(13)}`,
        " ".repeat(57),
      );
    }),
    ...(selection === "" ? [] : wrap(selection, columns, "  ", "    ")),
    ...wrap(`so: ${describeDecision(decision)}`, columns, "  ", "    "),
  ];
}

function doneText({ activity, decision }: DecisionRecord, columns: number): string[] {
  if (activity === null) {
    return [
      decision.kind === "none" ? "  nothing, as nothing was decided" : "  nothing: it is not on record",
    ];
  }
  const { id, kind, instance, status, reason, began, ended, steps } = activity;
  const took = ended === undefined ? "" : ` after ${seconds(ended - began)}`;
  const what = instance === undefined ? kind : `${kind} ${instance}`;
  return [
    ...wrap(`activity ${id}: ${what}, ${status}${took}`, columns, "  ", "    "),
    ...(status === "failed" || status === "cancelled" ? wrap(reason, columns, "    ", "    ") : []),
    ...table(
      steps.slice(-SHOWN).map(({ step, instance, began, ended, failure, cause }) => ({
        step,
        instance: instance ?? "-",
        ended: ended === undefined ? "-" : iso(ended),
        seconds: ended === undefined ? "-" : String((ended - began) / 1_000),
        failure: failure ?? cause?.reason ?? "-",
      })),
    ),
  ];
}

function changesText({ changes, decision }: Explanation, columns: number): string[] {
  if (changes.length === 0) {
    return wrap(
      decision.kind === "none"
        ? "no single change that was tried leads to an action: limits, times, alarms, load, one node more"
        : "no single change that was tried prevents it: limits, times, alarms, load",
      columns,
      "  ",
      "  ",
    );
  }
  return changes.flatMap(({ change, decision }) =>
    wrap(`${change}: ${describeDecision(decision)}`, columns, "  ", "    ")
  );
}

/** Rows under their names, in columns. */
function table(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const names = Object.keys(first);
  const cells = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((name) => row[name] ?? "-")),
  ];
  const widths = names.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) => `  ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd());
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function seconds(ms: number): string {
  return Math.abs(ms) < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

/** A limit, as it is set. */
function span(ms: number): string {
  return `${ms / 1_000}s`;
}
