import { assertEquals } from "@std/assert";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import type { Instance } from "../../../../../src/scaling/model/instance.ts";
import { beginAt, decisionOf, starting } from "../../../../support/decisions.ts";
import { HOUR, instance, MINUTE, NOW, OBSERVATION, stopped } from "../../../scaling/fixtures.ts";

const SERVES = instance("n1");
const HANGS = instance("n1", { registration: "out-of-service" });
const IMPAIRED = instance("n1", { impaired: "EC2 reports an impaired instance" });

/** A journal to which a test reports what observations show of n1, one each minute. */
function observed(...seen: readonly Instance[]) {
  const store = Store.memory();
  const state = { journal: new Journal(store), now: NOW };
  const observe = (...more: readonly Instance[]) => {
    for (const instance of more) state.journal.noteInService([instance], state.now += MINUTE);
    return state.journal.failing("n1");
  };
  observe(...seen);
  return {
    observe,
    /** Starts n1. The start succeeds before the next observation. */
    start: () => {
      const activity = beginAt(state.journal, {
        trigger: { kind: "reconcile" },
        observation: { ...OBSERVATION, now: state.now },
        decision: decisionOf(starting("n1")),
        dryRun: false,
      });
      state.journal.end(activity, "successful", "", state.now + 1_000);
    },
    restart: () => void (state.journal = new Journal(store)),
    get failing() {
      return state.journal.failing("n1");
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

for (const [what, sick] of [["fails its health check", HANGS], ["is impaired", IMPAIRED]] as const) {
  Deno.test(`an instance that was in service and ${what} has served, and fails since that observation`, () => {
    using it = observed(SERVES, sick, sick);
    assertEquals(it.failing, { since: NOW + 2 * MINUTE, served: true });
  });

  Deno.test(`the time since which an instance ${what} continues over a restart`, () => {
    using it = observed(SERVES, sick);
    it.restart();
    assertEquals(it.observe(sick), { since: NOW + 2 * MINUTE, served: true });
  });
}

Deno.test("an instance that was not in service and is registered has not served", () => {
  using it = observed(stopped("n1"), HANGS);
  assertEquals(it.failing, { since: NOW + 2 * MINUTE, served: false });
});

Deno.test("an instance that the first observation shows as failing fails since its launch, and has not served", () => {
  using it = observed({ ...HANGS, launched: NOW - HOUR });
  assertEquals(it.failing, { since: NOW - HOUR, served: false });
});

Deno.test("an instance does not fail any more when it serves, leaves or stops", () => {
  for (const after of [SERVES, instance("n1", { registration: "draining" }), stopped("n1")]) {
    using it = observed(SERVES, HANGS, after);
    assertEquals(it.failing, undefined);
  }
});

Deno.test("an instance that serves in between fails since the last time", () => {
  using it = observed(SERVES, HANGS, SERVES, HANGS);
  assertEquals(it.failing?.since, NOW + 4 * MINUTE);
});

Deno.test("an instance that fails its check and is then also impaired fails since the first of both", () => {
  using it = observed(SERVES, HANGS, IMPAIRED);
  assertEquals(it.failing?.since, NOW + 2 * MINUTE);
});

Deno.test("an instance whose start succeeded has served, although no observation showed it in service", () => {
  using it = observed(stopped("n1"), HANGS);
  it.start();
  assertEquals(it.observe(HANGS), { since: NOW + 3 * MINUTE, served: true });
});

Deno.test("an instance that stopped and started again has not served since its start", () => {
  using it = observed(SERVES, HANGS, stopped("n1"), HANGS);
  assertEquals(it.failing?.served, false);
});
