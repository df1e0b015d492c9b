import { assertEquals } from "@std/assert";
import { Journal } from "../../../../../src/autoscaler/store/journal.ts";
import type { LossView } from "../../../../../src/autoscaler/store/history.ts";
import type { PlacedActivity } from "../../../../../src/autoscaler/store/activities.ts";
import { Store } from "../../../../../src/autoscaler/store/store.ts";
import type { Action } from "../../../../../src/scaling/model/decision.ts";
import type { Instance } from "../../../../../src/scaling/model/instance.ts";
import { beginAt, decisionOf, starting } from "../../../../support/decisions.ts";
import { instance, MINUTE, NOW, OBSERVATION, stopped } from "../../../scaling/fixtures.ts";

const SECOND = 1_000;
const N1 = instance("n1");
const TERMINATED = instance("n1", { state: "terminated", registration: "none" });

/** A journal, and a clock that the test moves. */
class Case implements Disposable {
  readonly store = Store.memory();
  journal = new Journal(this.store);
  now = NOW;

  /** Observes a fleet some time later, as the autoscaler does. */
  observe(fleet: readonly Instance[], after = MINUTE, view: LossView = {}): void {
    this.now += after;
    this.journal.noteInService(fleet, this.now, view);
    this.journal.noteUnhealthy(fleet, this.now);
  }

  /** Decides an action some time later. */
  begin(action: Action, after = 0): PlacedActivity {
    this.now += after;
    return beginAt(this.journal, {
      trigger: { kind: "reconcile" },
      observation: { ...OBSERVATION, now: this.now },
      decision: decisionOf(action),
      dryRun: false,
    });
  }

  /** Decides to start an instance in the place of the oldest loss. */
  replace(id: string, candidates: readonly string[] = []): PlacedActivity {
    const activity = this.begin(starting(id, candidates));
    this.journal.losses.replace([activity]);
    return activity;
  }

  end(activity: PlacedActivity, status: "successful" | "failed" | "cancelled", after = SECOND): void {
    this.now += after;
    this.journal.end(activity, status, "", this.now);
  }

  /** Evaluates the whole fleet every minute. */
  evaluate(minutes: number, possible: boolean, resync = MINUTE): void {
    for (let i = 0; i * resync < minutes * MINUTE; i++) {
      this.now += resync;
      this.journal.losses.evaluated(possible, this.now, resync);
    }
  }

  /** The autoscaler restarts. */
  restart(): void {
    this.journal = new Journal(this.store);
  }

  /** Returns the ids of the losses, with what they are: `open`, `closed`, `replaced by n2` or `recovered`. */
  get losses(): readonly string[] {
    return this.journal.losses.all().map(({ instance, open, standIn, recovered }) =>
      `${instance} ${
        recovered ? "recovered" : open ? "open" : standIn === undefined ? "closed" : `replaced by ${standIn}`
      }`
    );
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }
}

/** Opens a case in which n1 has been in service for a minute. */
function serving(): Case {
  const it = new Case();
  it.observe([N1]);
  it.observe([N1]);
  return it;
}

for (
  const [how, fleet] of [
    ["stops", [stopped("n1")]],
    ["is stopping", [instance("n1", { state: "stopping", registration: "none" })]],
    ["terminates", [TERMINATED]],
    ["is not registered any more", [instance("n1", { registration: "none" })]],
    ["drains", [instance("n1", { registration: "draining" })]],
    ["does not exist any more", []],
  ] as const
) {
  Deno.test(`the fleet loses an instance that was in service and ${how} (R21)`, () => {
    using it = serving();
    it.observe(fleet);
    assertEquals(it.journal.losses.all(), [
      { instance: "n1", zone: fleet.length === 0 ? "" : "a", at: it.now, open: true },
    ]);
    const at = it.now;
    it.observe(fleet);
    assertEquals(it.journal.losses.all().map((loss) => loss.at), [at]);
  });
}

Deno.test("the fleet does not lose an instance that was not in service", () => {
  using it = new Case();
  it.observe([stopped("n1"), instance("n2", { registration: "none" })]);
  it.observe([TERMINATED]);
  assertEquals(it.losses, []);
});

Deno.test("the zone of a loss is the zone that EC2 still shows of a terminated instance", () => {
  using it = serving();
  it.observe([], MINUTE, { ended: [instance("n1", { state: "terminated", zone: "b" })] });
  assertEquals(it.journal.losses.all().map(({ zone }) => zone), ["b"]);
});

Deno.test("the fleet does not lose an instance that an operator took out with kas admin after it came into service", () => {
  using it = serving();
  it.observe([stopped("n1", { byOperator: it.now + 1 })]);
  assertEquals(it.losses, []);
});

Deno.test("a tag of an operator from before the instance came into service does not explain why it left", () => {
  using it = new Case();
  it.observe([stopped("n1")]);
  it.observe([N1]);
  it.observe([stopped("n1", { byOperator: NOW })]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("the fleet does not lose an instance that an operator terminated with kas admin, although the listing does not contain it any more", () => {
  using it = serving();
  it.observe([], MINUTE, { ended: [{ ...TERMINATED, byOperator: it.now + 1 }] });
  assertEquals(it.losses, []);
});

Deno.test("the fleet does not lose an instance that an operator detached for maintenance", () => {
  using it = serving();
  it.observe([instance("n1", { registration: "none", detached: true })]);
  assertEquals(it.losses, []);
  it.observe([instance("n1", { registration: "out-of-service", health: "unhealthy", detached: true })]);
  assertEquals(it.losses, []);
});

for (const kind of ["stop", "terminate"] as const) {
  Deno.test(`the fleet does not lose an instance while kas carries out a ${kind}, and after that`, () => {
    using it = serving();
    const activity = it.begin({ kind, instance: "n1" });
    it.observe([instance("n1", { registration: "draining" })]);
    assertEquals(it.losses, []);
    it.end(activity, "successful");
    it.observe([kind === "stop" ? stopped("n1") : TERMINATED]);
    assertEquals(it.losses, []);
  });
}

Deno.test("the fleet does not lose an instance whose stop ended before an observation showed that it left", () => {
  using it = serving();
  it.end(it.begin({ kind: "stop", instance: "n1" }), "successful");
  it.observe([stopped("n1")]);
  assertEquals(it.losses, []);
});

Deno.test("an earlier stop by kas does not explain why an instance left later", () => {
  using it = serving();
  it.end(it.begin({ kind: "stop", instance: "n1" }), "successful");
  it.observe([stopped("n1")]);
  it.end(it.begin(starting("n1"), MINUTE), "successful");
  it.observe([N1]);
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("a stop by kas that failed does not explain why an instance left", () => {
  using it = serving();
  it.end(it.begin({ kind: "stop", instance: "n1" }), "failed");
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("an instance that kas has just registered again after a failed stop is not lost while AWS's answers may show an older state", () => {
  using it = new Case();
  it.observe([N1]);
  it.end(it.begin({ kind: "stop", instance: "n1" }), "failed");
  const draining = instance("n1", { registration: "draining" });
  it.observe([draining], SECOND, { lag: 10 * SECOND });
  assertEquals(it.losses, []);
  it.observe([draining], 10 * SECOND, { lag: 10 * SECOND });
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("the fleet does not lose an instance that kas rolls back", () => {
  using it = new Case();
  it.observe([stopped("n1")]);
  const activity = it.begin(starting("n1", ["n2"]));
  // It comes into service after the deadline of its start.
  it.observe([N1]);
  const cause = { reason: "too slow", quarantine: false, fault: "slow" } as const;
  it.journal.dropCandidate(activity, cause, true, it.now);
  it.observe([instance("n1", { registration: "draining" })]);
  assertEquals(it.losses, []);
});

Deno.test("the fleet loses an instance whose start succeeded and that left before an observation showed it in service", () => {
  using it = new Case();
  it.observe([stopped("n1")]);
  it.end(it.begin(starting("n1")), "successful");
  it.observe([TERMINATED]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("a running instance that just came into service is not lost while AWS's answers may show an older state", () => {
  using it = new Case();
  it.observe([stopped("n1")]);
  it.end(it.begin(starting("n1")), "successful");
  const old = instance("n1", { registration: "none" });
  it.observe([old], 5 * SECOND, { lag: 10 * SECOND });
  assertEquals(it.losses, []);
  it.restart();
  it.observe([old], 6 * SECOND, { lag: 10 * SECOND });
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("an instance that came into service during an observation is not lost, whatever the observation shows", () => {
  using it = new Case();
  it.observe([stopped("n1")]);
  const activity = it.begin(starting("n1"));
  const began = it.now;
  it.end(activity, "successful", 40 * SECOND);
  it.observe([stopped("n1")], 30 * SECOND, { began });
  assertEquals(it.losses, []);
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 open"]);
});

for (const role of ["node", "base", "control"] as const) {
  Deno.test(`the fleet loses a ${role} instance that becomes unhealthy, and not one that fails`, () => {
    using it = serving();
    it.observe([instance("n1", { role, registration: "out-of-service", health: "failing" })]);
    assertEquals(it.losses, []);
    it.observe([instance("n1", { role, registration: "out-of-service", health: "unhealthy" })]);
    assertEquals(it.losses, ["n1 open"]);
  });
}

Deno.test("the fleet loses an instance that fails first and then stops", () => {
  using it = serving();
  it.observe([instance("n1", { registration: "out-of-service" })]);
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("a stop by kas because an instance is unhealthy leaves its loss open", () => {
  using it = serving();
  it.observe([instance("n1", { registration: "out-of-service", health: "unhealthy" })]);
  it.end(it.begin({ kind: "stop", instance: "n1", unhealthy: true }), "successful");
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("a loss ends when the instance serves again", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.observe([N1]);
  assertEquals(it.losses, []);
});

Deno.test("an impaired instance that serves does not end its loss", () => {
  using it = serving();
  const impaired = instance("n1", { impaired: "its status check failed", health: "unhealthy" });
  it.observe([impaired]);
  it.observe([impaired]);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("each start closes the oldest open loss, and names the instance in its place", () => {
  using it = serving();
  it.observe([N1, instance("n2")]);
  it.observe([N1, stopped("n2")]);
  it.observe([stopped("n1"), stopped("n2")]);
  const activity = it.replace("n3", ["n4"]);
  assertEquals(it.losses, ["n2 replaced by n3", "n1 open"]);
  it.journal.dropCandidate(activity, { reason: "", quarantine: false }, false, it.now);
  assertEquals(it.losses, ["n2 replaced by n4", "n1 open"]);
  it.replace("n5");
  assertEquals(it.losses, ["n2 replaced by n4", "n1 replaced by n5"]);
});

for (
  const [status, after] of [["successful", "closed"], ["failed", "open"], ["cancelled", "open"]] as const
) {
  Deno.test(`the loss is ${after} when the start in its place ended as ${status}`, () => {
    using it = serving();
    it.observe([stopped("n1")]);
    it.end(it.replace("n3"), status);
    it.observe([stopped("n1"), stopped("n3")]);
    assertEquals(it.losses.filter((loss) => loss.startsWith("n1")), [`n1 ${after}`]);
  });
}

Deno.test("an instance that serves again is recovered while another one still starts in its place", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  const activity = it.replace("n3");
  it.observe([N1]);
  assertEquals(it.journal.losses.all().map(({ standIn, recovered }) => [standIn, recovered]), [["n3", true]]);
  it.end(activity, "cancelled");
  it.observe([N1]);
  assertEquals(it.losses, []);
});

Deno.test("an instance that recovered and leaves again is lost, and not recovered", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.replace("n3");
  it.observe([N1]);
  it.observe([stopped("n1")]);
  assertEquals(it.losses, ["n1 replaced by n3"]);
});

/** Opens a case in which the fleet lost n1, and n3 serves in its place. */
function replaced(): Case {
  const it = serving();
  it.observe([stopped("n1")]);
  it.end(it.replace("n3"), "successful");
  it.observe([stopped("n1"), instance("n3")]);
  return it;
}

Deno.test("an instance that serves again after kas has replaced it is recovered, until kas stops one", () => {
  using it = replaced();
  assertEquals(it.losses, ["n1 closed"]);
  it.observe([N1, instance("n3")]);
  it.observe([N1, instance("n3")]);
  assertEquals(it.losses, ["n1 recovered"]);
  it.journal.losses.spend(1);
  assertEquals(it.losses, []);
});

Deno.test("an instance that serves again just before its replacement does is recovered too", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  const activity = it.replace("n3");
  it.observe([N1]);
  it.end(activity, "successful");
  it.observe([N1, instance("n3")]);
  assertEquals(it.journal.losses.all().map(({ standIn, recovered }) => [standIn, recovered]), [[
    undefined,
    true,
  ]]);
});

Deno.test("a recovered instance that leaves again is lost, and replaced already", () => {
  using it = replaced();
  it.observe([N1, instance("n3")]);
  it.observe([stopped("n1"), instance("n3")]);
  assertEquals(it.losses, ["n1 closed"]);
});

Deno.test("after 15 minutes kas keeps an instance that recovered", () => {
  using it = replaced();
  it.observe([N1, instance("n3")]);
  it.evaluate(15, false);
  assertEquals(it.losses, ["n1 recovered"]);
  it.evaluate(1, false);
  assertEquals(it.losses, []);
});

Deno.test("an instance that kas starts again is no recovery", () => {
  using it = replaced();
  it.end(it.begin(starting("n1")), "successful");
  it.observe([N1, instance("n3")]);
  assertEquals(it.losses, []);
});

Deno.test("an instance that kas has stopped because it was unhealthy, and that a person starts again, is no recovery", () => {
  using it = serving();
  it.observe([instance("n1", { registration: "out-of-service", health: "unhealthy" })]);
  it.end(it.replace("n3"), "successful");
  it.end(it.begin({ kind: "stop", instance: "n1", unhealthy: true }), "successful");
  it.observe([stopped("n1"), instance("n3")]);
  it.observe([N1, instance("n3")]);
  assertEquals(it.losses, []);
});

Deno.test("an instance that serves again while kas stops it is no recovery", () => {
  using it = serving();
  it.observe([instance("n1", { registration: "out-of-service", health: "unhealthy" })]);
  it.end(it.replace("n3"), "successful");
  it.begin({ kind: "stop", instance: "n1", unhealthy: true });
  it.observe([N1, instance("n3")]);
  assertEquals(it.losses, []);
});

Deno.test("an instance whose loss has closed without a replacement is no recovery when it serves again", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.journal.losses.close();
  it.observe([N1]);
  assertEquals(it.losses, []);
});

Deno.test("a loss closes after 15 minutes in which a start was possible", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.evaluate(10, true);
  it.evaluate(60, false);
  it.evaluate(5, true);
  assertEquals(it.losses, ["n1 open"]);
  it.evaluate(1, true);
  assertEquals(it.losses, ["n1 closed"]);
});

Deno.test("the time in which the autoscaler is down does not count towards the 15 minutes", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.evaluate(14, true);
  it.now += 60 * MINUTE;
  it.evaluate(1, true);
  it.restart();
  it.now += 60 * MINUTE;
  it.evaluate(1, true);
  assertEquals(it.losses, ["n1 open"]);
});

Deno.test("a loss also closes after 15 minutes if reconciles are further apart than two minutes", () => {
  using it = serving();
  it.observe([stopped("n1")]);
  it.evaluate(30, true, 5 * MINUTE);
  assertEquals(it.losses, ["n1 closed"]);
});

Deno.test("Losses.close() closes all open losses", () => {
  using it = serving();
  it.observe([N1, instance("n2")]);
  it.observe([stopped("n1"), stopped("n2")]);
  it.journal.losses.close();
  assertEquals(it.losses, ["n1 closed", "n2 closed"]);
});

Deno.test("a closed loss of an instance that the fleet does not have any more is forgotten, an open one is not", () => {
  using it = serving();
  it.observe([]);
  it.observe([]);
  assertEquals(it.losses, ["n1 open"]);
  it.journal.losses.close();
  it.observe([]);
  assertEquals(it.losses, []);
});

Deno.test("losses continue over a restart, and the fleet loses what left while the autoscaler was down", () => {
  using it = serving();
  it.observe([N1, instance("n2")]);
  it.observe([stopped("n1"), instance("n2")]);
  it.replace("n3");
  it.restart();
  it.observe([stopped("n1"), TERMINATED, stopped("n2")]);
  assertEquals(it.losses.toSorted(), ["n1 replaced by n3", "n2 open"]);
});
