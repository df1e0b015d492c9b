/**
 * Tests of a rule as a table of cases. Each case has a trigger, an observation, and the expected decision.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { type Action, type Decision, instanceOf } from "../../../src/scaling/model/decision.ts";
import type { ActivityKind, Direction } from "../../../src/scaling/model/activity.ts";
import { decide } from "../../../src/scaling/decide.ts";
import type { Observation } from "../../../src/scaling/model/observation.ts";
import type { Instance } from "../../../src/scaling/model/instance.ts";
import { instance, MINUTE, NOW, OBSERVATION } from "./fixtures.ts";

/**
 * What a case expects: one action, several actions in order (`start n4`), or no action with the checks that hold actions back. `held`:
 * the checks that hold further actions back. A `none` of "" means that no policy recommends a change.
 */
export type Expected =
  & (
    | { readonly start: string; readonly then?: readonly string[]; readonly by?: "register" | "start" }
    | { readonly launch: string }
    | { readonly stop: string }
    | { readonly terminate: string }
    | { readonly actions: readonly string[] }
    | { readonly none: string }
  )
  & { readonly held?: string };

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
function outcome({ actions, checks }: Decision, expected: Expected): Expected {
  const held = checks.length === 0 ? {} : { held: checks.join(" ") };
  const [action] = actions;
  if (action === undefined) return { none: checks.join(" ") };
  if (actions.length > 1) return { actions: actions.map(described), ...held };
  switch (action.kind) {
    case "stop":
      return { stop: action.instance, ...held };
    case "terminate":
      return { terminate: action.instance, ...held };
    case "launch":
      return { launch: action.template, ...held };
    case "start":
      return {
        start: action.instance,
        ...("then" in expected ? { then: action.candidates } : {}),
        ...("by" in expected ? { by: action.by } : {}),
        ...held,
      };
  }
}

/** Describes an action: `start n4`, `launch`. */
export function described(action: Action): string {
  return [action.kind, instanceOf(action)].filter((it) => it !== undefined).join(" ");
}

/** Returns a change of the observation: other limits. */
export function limits(more: Partial<Observation["limits"]>): Pick<Observation, "limits"> {
  return { limits: { ...OBSERVATION.limits, ...more } };
}

/** Returns a change of the observation: another history. */
export function history(more: Partial<Observation["history"]>): Pick<Observation, "history"> {
  return { history: { ...OBSERVATION.history, ...more } };
}

/** Returns a change of the observation: instances that the fleet lost five minutes ago, and that kas has not replaced. */
export function lost(...ids: readonly string[]): Pick<Observation, "history"> {
  return history({
    losses: ids.map((instance) => ({ instance, zone: "a", at: NOW - 5 * MINUTE, open: true })),
  });
}

/** Returns an unhealthy instance. By default it has failed its health check for three minutes. */
export function unhealthy(id: string, more: Partial<Instance> = {}): Instance {
  return instance(id, {
    registration: "out-of-service",
    health: "unhealthy",
    failingSince: NOW - 3 * MINUTE,
    ...more,
  });
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
