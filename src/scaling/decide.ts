/**
 * THE decision: a signal and the facts in, what to do and why out. See docs/rules.md.
 *
 *     an alarm's state, a resync, a person
 *                   │ signalOf
 *                   ▼
 *     out ◀────── signal ──────▶ in ──────────▶ none
 *      │                          │              │
 *      │ R11 known                │ R11 known    │
 *      │ R5  cooled down (R2)     │ R4  no out   │
 *      │ R3  below max            │ R5  not a machine booting, cooled down (R2)
 *      │ R7  which                │ R8  which, and old enough (R5)
 *      │                          │ R3  above min
 *      │                          │ R6  bearable for those that remain
 *      ▼                          ▼              ▼
 *    start ── R9 the way in ─▶  stop ── R10 ─▶  nothing     the first rule that holds the step makes it nothing
 *    launch                     terminate
 *
 * A start takes an instance from `off` (or `leaving`) through `coming` to `serving`, a stop from `serving` through
 * `leaving` to `off` (fleet.ts); what is under way counts as done. Where none is left to start, a launch adds one (`--grow`);
 * what is taken out is stopped or terminated (`--shrink`).
 *
 * @module
 */
import type { Recommendation, ScalingRecommendation } from "./model/alarm.ts";
import type { Observation } from "./model/observation.ts";
import {
  aboveMin,
  bearable,
  belowMax,
  type CheckResult,
  cooledDown,
  known,
  notBooting,
  outBeatsIn,
  whichToStart,
  whichToStop,
} from "./checks/checks.ts";

export type { ActivityInProgress, Datapoint, Limits, Observation } from "./model/observation.ts";

/**
 * The version of the rules and of what they look at, recorded with each decision: raised with every change by which a
 * decision on record may come out differently (R16).
 */
export const RULES = 1;

/** What to do, why, and the rules that bound it. */
export type Decision =
  | {
    readonly kind: "start";
    /** The first choice. */
    readonly instance: string;
    /** Whom to turn to if it fails, in order (R7). They may need another way in than the first: look at their state. */
    readonly candidates: readonly string[];
    /** `register` takes a draining instance back, `start` starts a stopped or stopping one. */
    readonly by: "register" | "start";
    readonly reason: string;
    readonly rules: readonly string[];
  }
  | {
    readonly kind: "launch";
    /** From which launch template: a name or an id, and after a colon the version. */
    readonly template: string;
    readonly reason: string;
    readonly rules: readonly string[];
  }
  | {
    readonly kind: "stop";
    readonly instance: string;
    readonly reason: string;
    readonly rules: readonly string[];
  }
  | {
    readonly kind: "terminate";
    readonly instance: string;
    readonly reason: string;
    readonly rules: readonly string[];
  }
  | { readonly kind: "none"; readonly reason: string; readonly rules: readonly string[] };

/**
 * Decides by the rules. Pure: the same signal and facts give the same decision, to the byte, on any machine and after any
 * round trip through JSON (R16). One step at most (R1), always with its reason (R15).
 */
export function decide(signal: Recommendation, facts: Observation): Decision {
  switch (signal.kind) {
    case "out":
      return scaleOut(signal, facts);
    case "in":
      return scaleIn(signal, facts);
    case "none":
      return { kind: "none", reason: `Nothing is asked: ${signal.why}`, rules: [] };
    default:
      return signal satisfies never;
  }
}

/** The rules in the order in which a step must pass them, and what each asks. */
export const ORDER: Readonly<
  Record<ScalingRecommendation["kind"], readonly { readonly rule: string; readonly asks: string }[]>
> = {
  out: [
    { rule: "R11", asks: "known and newest" },
    { rule: "R5", asks: "cooled down" },
    { rule: "R3", asks: "below max" },
    { rule: "R7", asks: "which to start" },
  ],
  in: [
    { rule: "R11", asks: "known and newest" },
    { rule: "R4", asks: "nothing asks for more" },
    { rule: "R5", asks: "idle, not booting" },
    { rule: "R5", asks: "cooled down" },
    { rule: "R8", asks: "which to stop" },
    { rule: "R3", asks: "above min" },
    { rule: "R6", asks: "bearable for the rest" },
  ],
};

/**
 * Whether the rules look at every alarm of the fleet and at its load: for a step in they do (R4, R6), for one out at no alarm
 * but the one that asks (R11).
 */
export function looksAtLoad({ kind }: ScalingRecommendation): boolean {
  return kind === "in";
}

/** What each rule of {@linkcode ORDER} says of a step; the last of them say nothing where there is none to stop. */
export function checkResults(ask: ScalingRecommendation, facts: Observation): readonly CheckResult[] {
  return ask.kind === "out" ? ofOut(ask, facts).verdicts : ofIn(ask, facts).verdicts;
}

function ofOut(ask: ScalingRecommendation, facts: Observation) {
  const which = whichToStart(ask, facts);
  return { which, verdicts: [known(ask, facts), cooledDown(ask, facts), belowMax(ask, facts), which] };
}

function ofIn(ask: ScalingRecommendation, facts: Observation) {
  const which = whichToStop(ask, facts);
  const { choice } = which;
  const verdicts = [
    known(ask, facts),
    outBeatsIn(facts),
    notBooting(ask, facts),
    cooledDown(ask, facts),
    which,
    ...(choice === undefined ? [] : [aboveMin(choice, facts), bearable(choice, facts)]),
  ];
  return { which, verdicts };
}

function scaleOut(ask: ScalingRecommendation, facts: Observation): Decision {
  const { which: { check, choice }, verdicts } = ofOut(ask, facts);
  if (choice === undefined || !verdicts.every(({ passed }) => passed)) return nothing(ask, verdicts);
  if (choice.way === "launch") {
    return { kind: "launch", template: choice.template, reason: reason(ask, verdicts), rules: [check] };
  }
  const { instance, way, fallbacks } = choice;
  return {
    kind: "start",
    instance: instance.id,
    candidates: fallbacks,
    by: way === "take-back" ? "register" : "start",
    reason: reason(ask, verdicts),
    rules: [check],
  };
}

function scaleIn(ask: ScalingRecommendation, facts: Observation): Decision {
  const { which, verdicts } = ofIn(ask, facts);
  if (which.choice === undefined || !verdicts.every(({ passed }) => passed)) {
    return nothing(ask, verdicts);
  }
  return {
    kind: facts.limits.shrink ?? "stop",
    instance: which.choice.id,
    reason: reason(ask, verdicts),
    rules: [which.check],
  };
}

/** The first rule that holds the step is the one that bound it. */
function nothing(ask: ScalingRecommendation, verdicts: readonly CheckResult[]): Decision {
  const held = verdicts.filter(({ passed }) => !passed).slice(0, 1);
  return { kind: "none", reason: reason(ask, held), rules: held.map(({ check }) => check) };
}

/** What was asked, and what the rules say to it. */
function reason(ask: ScalingRecommendation, verdicts: readonly CheckResult[]): string {
  return [asked(ask), ...verdicts.map(({ message }) => message).filter((text) => text !== "")].join("; ");
}

/** What was asked, in words. */
export function asked({ kind, source, alarm, instance }: ScalingRecommendation): string {
  if (alarm === undefined) return `Asked to scale ${kind}${instance === undefined ? "" : ` by ${instance}`}`;
  const what = `${alarm.kind} of ${alarm.dimension}`;
  return source === "resync"
    ? `${what} is still in ${alarm.to}`
    : `${what} went from ${alarm.from} to ${alarm.to}`;
}
