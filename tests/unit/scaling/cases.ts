/**
 * Tests of a rule as a table of cases. Each case has a trigger, an observation, and the expected decision.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import type { ActivityKind, Direction } from "../../../src/scaling/model/activity.ts";
import { decide } from "../../../src/scaling/decide.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import { MINUTE, NOW, OBSERVATION } from "./fixtures.ts";

/** What a case expects: an action, or the check that holds the action back, or "" if no policy recommends a change. */
export type Expected =
  | { readonly start: string; readonly then?: readonly string[]; readonly by?: "register" | "start" }
  | { readonly launch: string }
  | { readonly stop: string }
  | { readonly terminate: string }
  | { readonly none: string };

/** One case of a rule. */
export interface Case {
  readonly name: string;
  readonly trigger: Trigger;
  /** What differs from the fleet of the fixtures. */
  readonly observation?: Partial<Observation>;
  readonly expected: Expected;
  /** Numbers that the reason names. */
  readonly numbers?: readonly number[];
}

/** Registers the cases of a rule as tests. */
export function checks(rule: string, cases: readonly Case[]): void {
  for (const { name, trigger, observation, expected, numbers = [] } of cases) {
    Deno.test(`${rule}: decide() ${name}`, () => {
      const decision = decide(trigger, { ...OBSERVATION, ...observation });
      assertEquals(outcome(decision, expected), expected, decision.reason);
      assertNotEquals(decision.reason, "");
      const named = decision.reason.match(/(?<![\w.:-])\d+(?:\.\d+)?(?!\w)/g)?.map(Number) ?? [];
      for (const number of numbers) assert(named.includes(number), `${number} is not in: ${decision.reason}`);
    });
  }
}

/** Returns the parts of a decision that a case expects something of. */
function outcome(decision: Decision, expected: Expected): Expected {
  switch (decision.kind) {
    case "none":
      return { none: decision.checks.join(" ") };
    case "stop":
      assertEquals(decision.checks, []);
      return { stop: decision.instance };
    case "terminate":
      assertEquals(decision.checks, []);
      return { terminate: decision.instance };
    case "launch":
      assertEquals(decision.checks, []);
      return { launch: decision.template };
    case "start":
      assertEquals(decision.checks, []);
      return {
        start: decision.instance,
        ...("then" in expected ? { then: decision.candidates } : {}),
        ...("by" in expected ? { by: decision.by } : {}),
      };
  }
}

/** Returns a change of the observation: other limits. */
export function limits(more: Partial<Observation["limits"]>): Pick<Observation, "limits"> {
  return { limits: { ...OBSERVATION.limits, ...more } };
}

/** Returns a change of the observation: another history. */
export function history(more: Partial<Observation["history"]>): Pick<Observation, "history"> {
  return { history: { ...OBSERVATION.history, ...more } };
}

/** Returns a change of the observation: activities that have been in progress for a minute. */
export function inProgress(
  ...activities: readonly (readonly [ActivityKind, string?])[]
): Pick<Observation, "inProgress"> {
  return {
    inProgress: activities.map(([kind, instance]) => ({
      kind,
      ...(instance === undefined ? {} : { instance }),
      since: NOW - MINUTE,
    })),
  };
}

/** Returns a change of the observation: the latest CPU of instances, in percent. */
export function cpu(loads: Readonly<Record<string, number>>): Pick<Observation, "cpu"> {
  return {
    cpu: Object.fromEntries(Object.entries(loads).map(([id, percent]) => [id, { percent, at: NOW }])),
  };
}

/** Returns the trigger of an operator who asks for a change. */
export function operator(direction: Direction, instance?: string): Trigger {
  return { kind: "operator", direction, ...(instance === undefined ? {} : { instance }) };
}
