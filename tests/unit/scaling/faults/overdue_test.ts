import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Instance, lifecycleStatus } from "../../../../src/scaling/model/instance.ts";
import { isOverdue } from "../../../../src/scaling/faults/overdue.ts";
import { instance, MINUTE, NOW, stopped } from "../fixtures.ts";
import { instance as randomInstance } from "../random.ts";

const START_TIMEOUT = 5 * MINUTE;

function overdue(it: Instance, failingSince?: number): boolean {
  return isOverdue(it, { now: NOW, startTimeout: START_TIMEOUT, failingSince });
}

const failing = (launched: number) => instance("n1", { registration: "out-of-service", launched });
const pending = (launched: number) => stopped("n1", { state: "pending", launched });

Deno.test("isOverdue() is true for a pending instance that EC2 started longer ago than the start timeout", () => {
  assertEquals([4, 6].map((minutes) => overdue(pending(NOW - minutes * MINUTE))), [false, true]);
});

Deno.test("isOverdue() counts from when the health checks began to fail for an instance that was in service", () => {
  const it = failing(NOW - 60 * MINUTE);
  assertEquals([4, 6].map((minutes) => overdue(it, NOW - minutes * MINUTE)), [false, true]);
});

Deno.test("isOverdue() counts from the launch for an instance that no earlier observation shows", () => {
  assertEquals([4, 6].map((minutes) => overdue(failing(NOW - minutes * MINUTE))), [false, true]);
});

Deno.test("isOverdue() is false for every instance that is not pending, and not registered without being healthy", () => {
  for (const it of [instance("n1"), stopped("n1"), instance("n1", { registration: "none" })]) {
    assertEquals(overdue({ ...it, launched: 0 }, 0), false);
  }
});

Deno.test("a time in the future, after the clock was set back, does not keep an instance joining", () => {
  assertEquals(overdue(pending(NOW + 60 * MINUTE)), true);
});

Deno.test("without an activity, an overdue or quarantined instance that is not in service is no capacity", () => {
  fc.assert(fc.property(randomInstance("i-1"), (it) => {
    if (it.overdue === undefined && it.quarantine === undefined) return;
    assertEquals(lifecycleStatus(it, undefined) === "joining", false);
  }));
});
