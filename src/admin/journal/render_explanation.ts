/**
 * An explanation as people read it, and as programs do.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { wrap } from "../../cli/text.ts";
import { ONE_MORE } from "../../scaling/counterfactual.ts";
import type { Decision } from "../../scaling/decide.ts";
import type { Explanation } from "../../scaling/explain.ts";
import { activityOf, type Observation } from "../../scaling/model/observation.ts";
import type { Instance } from "../../scaling/model/instance.ts";

/** How many instances, alarms and steps are shown one by one. */
const SHOWN = 20;

/** The explanation as one JSON object. */
export function explanationToJson(record: DecisionRecord, { asked, rules, different }: Explanation): object {
  const { id, time, kas, message, recommendation, observation, decision, activity } = record;
  return {
    id,
    time: iso(time),
    kas,
    asked,
    message,
    signal: recommendation,
    facts: observation,
    decision,
    rules,
    activity,
    different: different.map(({ change, decision: { kind, reason, rules, ...rest } }) => ({
      change,
      kind,
      instance: "instance" in rest && rest.instance !== ONE_MORE ? rest.instance : null,
      rules,
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
    "ASKED",
    ...askedText(record, explanation, columns),
    "",
    "SEEN",
    ...seenText(record, columns),
    "",
    "RULES",
    ...rulesText(explanation, columns),
    "",
    "DONE",
    ...doneText(record, columns),
    "",
    "WHAT WOULD HAVE HAD TO BE DIFFERENT",
    ...differentText(explanation, columns),
  ];
}

/** `start i-1`, `stop i-1`, `launch from kas-node`, `nothing (R3)`. */
export function describeDecision(decision: Decision): string {
  const { kind, rules } = decision;
  if (kind === "none") return rules.length === 0 ? "nothing" : `nothing (${rules.join(", ")})`;
  if (kind === "launch") return `${kind} from ${decision.template}`;
  return `${kind} ${decision.instance === ONE_MORE ? "that one" : decision.instance}`;
}

function askedText(
  { recommendation, message, time, kas }: DecisionRecord,
  { asked }: Explanation,
  columns: number,
): string[] {
  const by =
    { notification: "a notification", resync: "a resync", manual: "a person" }[recommendation.source];
  const { alarm } = recommendation;
  return [
    `${recommendation.kind === "none" ? "nothing" : `scale ${recommendation.kind}`}, by ${by}: ${
      asked.replace(/^Nothing: /, "")
    }`,
    ...(alarm === undefined ? [] : [
      `the alarm ${alarm.fleet}:${alarm.kind}:${alarm.dimension} went into ${alarm.to} at ${iso(alarm.at)}, ${
        seconds(time - alarm.at)
      } before the decision`,
    ]),
    ...(message === null ? [] : [
      `message ${message.id}, received at ${iso(message.received)}, ${
        seconds(time - message.received)
      } before it`,
    ]),
    ...(kas === null ? [] : [`decided by kas ${kas}`]),
  ].flatMap((line) => wrap(line, columns, "  ", "    "));
}

function seenText(
  { observation, recommendation, decision }: DecisionRecord,
  columns: number,
): string[] {
  const { instances, alarms, limits, history } = observation;
  if (instances.length === 0) {
    const why = recommendation.source === "resync"
      ? "it could not be had"
      : "what asks for nothing needs no look";
    return [`  nothing of the fleet: ${why}`];
  }
  const about = new Set([
    ...("instance" in decision ? [decision.instance] : []),
    ...(recommendation.alarm === undefined ? [] : [recommendation.alarm.dimension]),
    ...(recommendation.kind !== "none" && recommendation.instance !== undefined
      ? [recommendation.instance]
      : []),
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

function rulesText({ rules, decision }: Explanation, columns: number): string[] {
  if (rules.length === 0) return ["  none was asked, as nothing was"];
  return [
    ...rules.flatMap(({ rule, asks, state, says, passes }) => {
      const would = passes === null ? "" : passes ? "would have passed" : "would have held it too";
      const text = state === "not reached" ? [would, says].filter((it) => it !== "").join(": ") : says;
      return wrap(text, columns, `  ${rule.padEnd(4)}${asks.padEnd(24)}${state.padEnd(13)}`, " ".repeat(43));
    }),
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

function differentText({ different, decision }: Explanation, columns: number): string[] {
  if (different.length === 0) {
    return wrap(
      decision.kind === "none"
        ? "no single change that was tried leads to a step: limits, times, alarms, load, one node more"
        : "no single change that was tried prevents it: limits, times, alarms, load",
      columns,
      "  ",
      "  ",
    );
  }
  return different.flatMap(({ change, decision }) =>
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
