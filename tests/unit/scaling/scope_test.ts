import { assertEquals } from "@std/assert";
import type { ProcessedChange } from "../../../src/scaling/model/observation.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import { type Scope, scopeOf } from "../../../src/scaling/scope.ts";
import { operator } from "./cases.ts";
import { IN, NOW, OUT, RECONCILE } from "./fixtures.ts";

const CASES: readonly [string, Trigger, Scope, ProcessedChange?][] = [
  ["a reconcile", RECONCILE, "everything"],
  ["an operator who scales out", operator("out"), "instances"],
  ["an operator who scales in", operator("in"), "everything"],
  ["a notification that asks for more", OUT, "instances"],
  ["a notification that asks for less", IN, "everything"],
  ["a notification that asks for no change", { ...OUT, alarm: { ...OUT.alarm, to: "OK" } }, "nothing"],
  ["a message that is not an alarm", { kind: "notification" }, "nothing"],
  ["a notification older than a processed change", OUT, "nothing", { at: NOW + 1, by: "notification" }],
  ["a change that a reconcile has processed", OUT, "nothing", { at: NOW, by: "reconcile" }],
  ["a notification newer than a processed change", OUT, "instances", { at: NOW - 1, by: "reconcile" }],
];

for (const [what, trigger, scope, processed] of CASES) {
  Deno.test(`scopeOf() returns ${scope} for ${what}`, () => assertEquals(scopeOf(trigger, processed), scope));
}
