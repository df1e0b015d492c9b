/**
 * A rule as a table of cases: a trigger and an observation, and the decision.
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

/** What a case expects: an action, or the check that holds it back ("" where no policy recommends a change). */
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

/** Registers a rule's cases as tests. */
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

/** A decision, as far as a case says something of it. */
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

/** Other limits. */
export function limits(more: Partial<Observation["limits"]>): Pick<Observation, "limits"> {
  return { limits: { ...OBSERVATION.limits, ...more } };
}

/** Another history. */
export function history(more: Partial<Observation["history"]>): Pick<Observation, "history"> {
  return { history: { ...OBSERVATION.history, ...more } };
}

/** Activities in progress for a minute. */
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

/** The latest CPU of instances, percent. */
export function cpu(loads: Readonly<Record<string, number>>): Pick<Observation, "cpu"> {
  return {
    cpu: Object.fromEntries(Object.entries(loads).map(([id, percent]) => [id, { percent, at: NOW }])),
  };
}

/** An operator asks for a change. */
export function operator(direction: Direction, instance?: string): Trigger {
  return { kind: "operator", direction, ...(instance === undefined ? {} : { instance }) };
}
