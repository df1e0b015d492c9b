/**
 * Renders the explanation of a decision as text, in sections: recommendation, observation, checks, activity, changes.
 *
 * @module
 */
import type { DecisionRecord } from "../../autoscaler/store/decisions.ts";
import { isoTime, seconds } from "../../cli/format.ts";
import { wrap } from "../../cli/text.ts";
import type { CheckAnswer, Explanation, ListAnswer } from "../../scaling/explain.ts";
import { instanceOf, RULES_VERSION } from "../../scaling/model/decision.ts";
import { isObserved } from "../../scaling/model/observation.ts";
import { describeDecision } from "./describe_decision.ts";
import { renderObservation } from "./render_observation.ts";
import { renderTable } from "./render_table.ts";

/** Maximum number of an activity's steps that an explanation lists. If there are more, it lists the last ones. */
const LISTED_STEPS = 20;

/** Returns an explanation as lines of at most `columns`. A line is longer if it contains a longer word. */
export function renderExplanation(
  record: DecisionRecord,
  explanation: Explanation,
  columns: number,
): string[] {
  const { id, time, decision } = record;
  return [
    `Decision ${id} at ${isoTime(time)}: ${describeDecision(decision)}`,
    "",
    "RECOMMENDATION",
    ...recommendationLines(record, explanation, columns),
    "",
    "POLICIES",
    ...policyLines(explanation, columns),
    "",
    "OBSERVATION",
    ...observationLines(record, explanation, columns),
    "",
    "CHECKS",
    ...checkLines(explanation, columns),
    "",
    "ACTIVITY",
    ...activityLines(record, columns),
    "",
    "WHAT WOULD CHANGE THIS DECISION",
    ...changeLines(explanation, columns),
  ];
}

function recommendationLines(
  { trigger, message, time, kas, rules, decision }: DecisionRecord,
  { recommended, decision: { recommendations } }: Explanation,
  columns: number,
): string[] {
  const alarm = recommendations.find((it) => it.alarm !== undefined)?.alarm ??
    (trigger.kind === "notification" ? trigger.alarm : undefined);
  const before = (at: number) => `${isoTime(at)}, ${seconds(time - at)} before the decision`;
  return [
    recommended,
    `trigger: ${trigger.kind}`,
    ...(alarm === undefined ? [] : [
      `alarm: ${alarm.fleet}:${alarm.kind}:${alarm.dimension}, ${alarm.to} since ${before(alarm.at)}`,
    ]),
    ...(message === null ? [] : [`message: ${message.id}, received at ${before(message.received)}`]),
    ...(kas === null ? [] : [`version: kas ${kas}`]),
    ...(rules === RULES_VERSION
      ? []
      : [`recorded reason, by version ${rules} of the rules: ${decision.reason}`]),
  ].flatMap((line) => wrap(line, columns, "  ", "    "));
}

function observationLines(
  { observation, decision }: DecisionRecord,
  { decision: { recommendations } }: Explanation,
  columns: number,
): string[] {
  if (!isObserved(observation)) {
    return ["  none: kas did not need an observation, or could not observe the fleet"];
  }
  const relevant = [
    ...decision.actions.map(instanceOf),
    ...recommendations.flatMap(({ alarm, instance }) => [alarm?.dimension, instance]),
  ].filter((id) => id !== undefined);
  return renderObservation(observation, new Set(relevant), columns);
}

/** Returns what each policy recommended, the capacity that the fleet wanted, and the capacity after the actions. */
function policyLines({ policies, wanted, decision: { desired } }: Explanation, columns: number): string[] {
  if (wanted === null) return ["  none: the policies saw no fleet"];
  const rows = policies.map(({ policy, capacity, reason }) => [policy, `${capacity ?? "-"}`, reason]);
  return [
    ...aligned(rows, columns),
    `  wanted: ${wanted}${desired === undefined ? "" : `, desired: ${desired}`}`,
  ];
}

/** Returns rows as lines. Wraps the last cell of each row. */
function aligned(rows: readonly (readonly string[])[], columns: number): string[] {
  const heads = rows.map((cells) => cells.slice(0, -1));
  const widths = heads[0]?.map((_, i) => Math.max(...heads.map((cells) => cells[i]?.length ?? 0)) + 2) ?? [];
  return rows.flatMap((cells) => {
    const head = widths.map((width, i) => cells[i]?.padEnd(width)).join("");
    return wrap(cells.at(-1) ?? "", columns, `  ${head}`, " ".repeat(2 + head.length));
  });
}

function checkLines({ lists, decision }: Explanation, columns: number): string[] {
  if (lists.length === 0) return ["  none: no policy recommended a change"];
  return [
    ...lists.flatMap((list) => listLines(list, columns)),
    ...wrap(`result: ${describeDecision(decision)}`, columns, "  ", "    "),
  ];
}

/** Returns the checks of the last action of a list, and how kas selected the instances. */
function listLines({ checks, selections }: ListAnswer, columns: number): string[] {
  const rows = checks.map((check) => [check.name, check.condition, check.status, checkText(check)]);
  return [
    ...aligned(rows, columns),
    ...selections.flatMap((selection) => wrap(selection, columns, "  ", "    ")),
  ];
}

/** Returns the message of a check. For a check that kas did not reach, returns the message that it would have had. */
function checkText({ status, message, passes }: CheckAnswer): string {
  if (status !== "not reached" || passes === null) return message;
  const would = passes ? "would pass" : "would also hold the action back";
  return message === "" ? would : `${would}: ${message}`;
}

function activityLines({ activities, decision }: DecisionRecord, columns: number): string[] {
  if (activities.length === 0) {
    return [decision.actions.length === 0 ? "  none" : "  none recorded"];
  }
  return activities.flatMap((activity) => linesOf(activity, columns));
}

function linesOf(activity: DecisionRecord["activities"][number], columns: number): string[] {
  const { id, kind, instance, status, reason, began, ended, steps } = activity;
  const duration = ended === undefined ? "" : ` after ${seconds(ended - began)}`;
  const action = instance === undefined ? kind : `${kind} ${instance}`;
  return [
    ...wrap(`activity ${id}: ${action}, ${status}${duration}`, columns, "  ", "    "),
    ...(status === "failed" || status === "cancelled" ? wrap(reason, columns, "    ", "    ") : []),
    ...renderTable(
      steps.slice(-LISTED_STEPS).map(({ step, instance, began, ended, failure, cause }) => ({
        step,
        instance: instance ?? "-",
        ended: ended === undefined ? "-" : isoTime(ended),
        seconds: ended === undefined ? "-" : String((ended - began) / 1_000),
        failure: failure ?? cause?.reason ?? "-",
      })),
    ),
  ];
}

function changeLines({ changes, decision }: Explanation, columns: number): string[] {
  if (changes.length === 0) {
    const outcome = decision.actions.length === 0 ? "leads to an action" : "changes the actions";
    const tried = "limits, times, alarms and load";
    return wrap(`none: no single change of ${tried} ${outcome}`, columns, "  ", "  ");
  }
  return changes.flatMap(({ change, decision }) =>
    wrap(`${change}: ${describeDecision(decision)}`, columns, "  ", "    ")
  );
}
