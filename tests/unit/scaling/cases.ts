/**
 * A rule as a table of cases: what is asked of which fleet, and what becomes of it.
 *
 * @module
 */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Recommendation } from "../../../src/scaling/model/alarm.ts";
import { decide, type Decision } from "../../../src/scaling/decide.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { ActivityKind } from "../../../src/scaling/model/instance.ts";
import { FACTS, MINUTE, NOW } from "./fixtures.ts";

/** What a case expects: something done to an instance, a launch, or nothing by a rule. */
export type Expected =
  | { readonly start: string; readonly then?: readonly string[]; readonly by?: "register" | "start" }
  | { readonly launch: string }
  | { readonly stop: string }
  | { readonly terminate: string }
  | { readonly none: string };

/** One case of a rule. */
export interface Case {
  readonly name: string;
  readonly signal: Recommendation;
  /** What differs from the fleet of the fixtures. */
  readonly facts?: Partial<Observation>;
  readonly expected: Expected;
  /** Words that the reason holds: the numbers it rests on. */
  readonly says?: string;
}

/** Registers a rule's cases as tests. */
export function rule(number: string, cases: readonly Case[]): void {
  for (const { name, signal, facts, expected, says } of cases) {
    Deno.test(`${number}: decide() ${name}`, () => {
      const decision = decide(signal, { ...FACTS, ...facts });
      assertEquals(outcome(decision, expected), expected, decision.reason);
      assertNotEquals(decision.reason, "");
      if (says !== undefined) assertStringIncludes(decision.reason, says);
    });
  }
}

/** A decision, as far as a case says something of it. */
function outcome(decision: Decision, expected: Expected): Expected {
  switch (decision.kind) {
    case "none":
      return { none: decision.rules.join(" ") };
    case "stop":
      assertEquals(decision.rules, ["R8"]);
      return { stop: decision.instance };
    case "terminate":
      assertEquals(decision.rules, ["R8"]);
      return { terminate: decision.instance };
    case "launch":
      assertEquals(decision.rules, ["R7"]);
      return { launch: decision.template };
    case "start":
      assertEquals(decision.rules, ["R7"]);
      return {
        start: decision.instance,
        ...("then" in expected ? { then: decision.candidates } : {}),
        ...("by" in expected ? { by: decision.by } : {}),
      };
  }
}

/** Other limits. */
export function limits(more: Partial<Observation["limits"]>): Pick<Observation, "limits"> {
  return { limits: { ...FACTS.limits, ...more } };
}

/** Another history. */
export function history(more: Partial<Observation["history"]>): Pick<Observation, "history"> {
  return { history: { ...FACTS.history, ...more } };
}

/** Activities under way since a minute ago. */
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

/** What a person asks for. */
export function manual(kind: "out" | "in", instance?: string): Recommendation {
  return { kind, source: "manual", ...(instance === undefined ? {} : { instance }) };
}
