import { assertEquals, assertMatch } from "@std/assert";
import type { CallEvent } from "../../../../../src/sandbox/faults/faults.ts";
import { AwsError } from "../../../../../src/sandbox/wire/action.ts";
import { FLEET } from "../../../../support/lab/cloud.ts";
import { AT_ONCE, fleetOf, type FleetPlan } from "../../../../support/lab/fleet_plan.ts";
import type { Lab, Watcher } from "../../../../support/lab/lab.ts";
import {
  askForMore,
  countInService,
  FIRST,
  openNotifiedLab,
  reportIdle,
} from "../../../../support/lab/script.ts";

const [SECOND, THIRD] = [2, 3];

const DEREGISTER = "DeregisterInstancesFromLoadBalancer";

/** Returns a fleet that needs the base instance and one node in service. `true` stands for a node in service. */
function fleetOfTwo(serving: readonly boolean[], more: Partial<FleetPlan> = {}): FleetPlan {
  return fleetOf(serving, { kind: true, limits: { ...AT_ONCE, min: 2 }, ...more });
}

/** A lab, and the smallest number of instances in service since the test opened it or last called `again`. */
async function watched(plan: FleetPlan, watcher: Watcher = {}) {
  const lab = await openNotifiedLab(plan, watcher);
  let fewest = countInService(lab);
  lab.cloud.account.watch(() => fewest = Math.min(fewest, countInService(lab)));
  const again = () => fewest = countInService(lab);
  return { lab, fewest: () => fewest, again, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** Delays calls until the test calls the returned function. */
function hold({ cloud: { faults } }: Lab, wanted: (passing: CallEvent) => boolean): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const own = faults.onCall;
  faults.onCall = async (passing) => {
    await own?.(passing);
    if (passing.moment === "before" && wanted(passing)) await promise;
  };
  return resolve;
}

function about(id: string, { action, input, moment }: CallEvent): boolean {
  return action === DEREGISTER && moment === "before" && JSON.stringify(input).includes(id);
}

/** Returns the decisions since the first reconciliation and their outcomes, oldest first. */
function lines({ kas, time }: Lab): string[] {
  return kas.journal.lines(100, time.now()).toReversed().slice(1)
    .map(({ kind, status, reason }) => `${kind} ${status ?? ""}: ${reason}`);
}

/** Whether an instance was ever deregistered. */
function wasTakenOff({ cloud }: Lab, id: string): boolean {
  return cloud.calls.some(({ action, error, input }) =>
    action === DEREGISTER && error === undefined && JSON.stringify(input).includes(id)
  );
}

Deno.test("an instance stays in service if a different instance failed while AWS throttled the deregistration (R3, I2)", async () => {
  let throttling = true;
  const passing = (call: CallEvent) => {
    if (throttling && call.action === DEREGISTER) throw new AwsError("Throttling", "Rate exceeded");
  };
  await using it = await watched(fleetOfTwo([true, true]), { onCall: passing });
  const { lab } = it;
  await reportIdle(lab, FIRST);
  lab.cloud.faults.unhealthy.add(lab.id(SECOND));
  await lab.pass(60_000);
  assertEquals(lab.status(SECOND), "running out-of-service");
  throttling = false;
  await lab.pass(60_000);
  assertEquals([lab.status(FIRST), it.fewest()], ["running in-service", 2]);
  assertMatch(
    lines(lab)[0] ?? "",
    /^stop failed: i-\w+ is needed: 1 instance would stay in service; min is 2\. i-\w+ is registered again\. \(decided: /,
  );
});

Deno.test("a recheck runs before each deregistration request, also before requests that the SDK repeats (I2)", async () => {
  let attempts = 0;
  await using it = await watched(fleetOfTwo([true, true]));
  const { lab } = it;
  const { faults } = lab.cloud;
  const own = faults.onCall;
  faults.onCall = async (call) => {
    await own?.(call);
    if (!about(lab.id(FIRST), call) || attempts++ > 0) return;
    // While AWS refuses the request, somebody else deregisters the other node.
    await lab.cloud.elsewhere("elb", DEREGISTER, {
      LoadBalancerName: FLEET,
      Instances: [{ InstanceId: lab.id(SECOND) }],
    });
    throw new AwsError("Throttling", "Rate exceeded");
  };
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertEquals([attempts, lab.status(FIRST), lab.status(SECOND)], [
    1,
    "running in-service",
    "running none",
  ]);
});

Deno.test("a stop that kas decided before a crash fails after the crash if the fleet needs the instance (R13, I2)", async () => {
  let down = false;
  const passing = (call: CallEvent) => {
    if (call.action !== DEREGISTER || down) return;
    down = true;
    lab.kill(600_000);
    throw new AwsError("Throttling", "Rate exceeded");
  };
  await using it = await watched(fleetOfTwo([true, true]), { onCall: passing });
  const { lab } = it;
  await reportIdle(lab, FIRST);
  lab.cloud.faults.unhealthy.add(lab.id(SECOND));
  await lab.pass(700_000);
  assertEquals([lab.status(FIRST), wasTakenOff(lab, lab.id(FIRST))], ["running in-service", false]);
  assertMatch(lines(lab)[0] ?? "", /^stop failed: i-\w+ is needed: /);
});

Deno.test("of two concurrent stops, neither counts the instance of the other stop as in service (I2)", async () => {
  let throttling = true;
  const passing = (call: CallEvent) => {
    if (throttling && call.action === DEREGISTER) throw new AwsError("Throttling", "Rate exceeded");
  };
  await using it = await watched(fleetOfTwo([true, true, true]), { onCall: passing });
  const { lab } = it;
  await reportIdle(lab, FIRST);
  await lab.pass(100);
  await reportIdle(lab, SECOND);
  lab.cloud.faults.unhealthy.add(lab.id(THIRD));
  await lab.pass(60_000);
  throttling = false;
  await lab.pass(90_000);
  assertEquals(it.fewest(), 2);
  // The stop that began later gives way, so that not both of them fail.
  assertEquals([FIRST, SECOND].map((place) => wasTakenOff(lab, lab.id(place))), [true, false]);
});

for (const [meanwhile, shift] of [["", 0], [" and the clock is set back", -600_000]] as const) {
  Deno.test(`an instance whose stop ends during an observation${meanwhile} does not count as in service (I2)`, async () => {
    await using it = await watched(fleetOfTwo([true, true]));
    const { lab } = it;
    const { cloud: { faults } } = lab;
    // The second observation reads the registrations before the first stop has an effect, and the alarms long after that.
    const letGo = hold(lab, (call) => about(lab.id(FIRST), call));
    await reportIdle(lab, FIRST);
    await lab.pass(100);
    const seen = Promise.withResolvers<void>();
    const own = faults.onCall;
    faults.onCall = async (call) => {
      await own?.(call);
      if (call.action === "DescribeInstanceHealth" && call.moment === "after") seen.resolve();
    };
    let slow = true;
    const alarms = hold(lab, ({ action }) => slow && action === "DescribeAlarms");
    await reportIdle(lab, SECOND);
    await seen.promise;
    lab.setClock(shift);
    letGo();
    // AWS answers the third attempt of the request.
    await lab.pass(19_000);
    slow = false;
    assertEquals([lab.status(FIRST), lab.kas.journal.unfinished()], ["stopped none", []]);
    await lab.pass(60_000);
    alarms();
    assertEquals([lab.status(SECOND), it.fewest()], ["running in-service", 2]);
    assertMatch(lines(lab)[1] ?? "", /^none : .*1 instance would stay in service; min is 2\.$/);
  });
}

Deno.test("an instance whose stop is cancelled during its deregistration does not count as in service (I2)", async () => {
  await using it = await watched(fleetOfTwo([true, true]));
  const { lab } = it;
  const letGo = hold(lab, (call) => about(lab.id(FIRST), call));
  await reportIdle(lab, FIRST);
  await lab.pass(100);
  await askForMore(lab);
  await lab.pass(100);
  await reportIdle(lab, SECOND);
  await lab.pass(1_000);
  letGo();
  await lab.pass(60_000);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["running in-service", "running in-service"]);
  assertEquals(wasTakenOff(lab, lab.id(SECOND)), false);
});

Deno.test("a node that came into service too late serves while the fleet needs it, and is stopped afterwards (R9, I2)", async () => {
  let silent = false;
  let registrations = 0;
  const passing = (call: CallEvent) => {
    // After the registration of the node that restores the minimum, ELB does not report the node's state.
    if (call.action.startsWith("Register") && registrations++ === 0) silent = true;
    if (silent && call.action === "DescribeInstanceHealth") throw new AwsError("InternalFailure", "", 500);
  };
  await using it = await watched(fleetOfTwo([false, false]), { onCall: passing });
  const { lab } = it;
  await lab.pass(100_000);
  silent = false;
  await lab.pass(60_000);
  assertEquals([lab.status(FIRST), wasTakenOff(lab, lab.id(FIRST))], ["running in-service", false]);
  it.again();
  await askForMore(lab);
  await lab.pass(200_000);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], ["stopped none", "running in-service"]);
  assertEquals(it.fewest(), 2);
});

for (
  const [what, Key, Value, reason] of [
    ["became a base instance", "kas:role", "base", /^stop failed: i-\w+ is no longer a node/],
    ["an operator protected", "kas:protected", "true", /^stop failed: i-\w+ is protected/],
  ] as const
) {
  Deno.test(`kas does not stop an instance that ${what} after the decision (I1)`, async () => {
    let throttling = true;
    const passing = (call: CallEvent) => {
      if (throttling && call.action === DEREGISTER) throw new AwsError("Throttling", "Rate exceeded");
    };
    await using lab = await openNotifiedLab(fleetOf([true, true], { kind: true }), { onCall: passing });
    await reportIdle(lab, FIRST);
    await lab.pass(100);
    const tag = { Resources: [lab.id(FIRST)], Tags: [{ Key, Value }] };
    await lab.cloud.elsewhere("ec2", "CreateTags", tag);
    throttling = false;
    await lab.pass(60_000);
    assertEquals([lab.status(FIRST), wasTakenOff(lab, lab.id(FIRST))], ["running in-service", false]);
    assertMatch(lines(lab)[0] ?? "", reason);
  });
}

Deno.test("if an operator detaches an instance while kas takes it out of service, kas leaves it running and unregistered", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true }));
  lab.cloud.faults.onCall = async (call) => {
    if (call.action !== DEREGISTER || call.moment !== "after") return;
    const tag = {
      Resources: [lab.id(FIRST)],
      Tags: [{ Key: "kas:detached", Value: "2026-11-25T03:00:00Z" }],
    };
    await lab.cloud.elsewhere("ec2", "CreateTags", tag);
  };
  await reportIdle(lab, FIRST);
  await lab.pass(200_000);
  assertEquals(lab.status(FIRST), "running none");
  assertMatch(lines(lab)[0] ?? "", /^stop failed: i-\w+ is detached/);
});

Deno.test("kas does not stop a drained instance that an operator has registered again (R10)", async () => {
  await using lab = await openNotifiedLab(fleetOf([true], { kind: true }));
  const id = lab.id(FIRST);
  const { faults } = lab.cloud;
  const own = faults.onCall;
  let seen = 0;
  faults.onCall = async (call) => {
    await own?.(call);
    if (call.action !== "DescribeInstanceHealth" || call.moment !== "after") return;
    if (lab.status(FIRST) !== "running none" || seen++ > 0) return;
    // After kas has observed that the node has drained, an operator registers the node again.
    const registration = { LoadBalancerName: FLEET, Instances: [{ InstanceId: id }] };
    await lab.cloud.elsewhere("elb", "RegisterInstancesWithLoadBalancer", registration);
  };
  await reportIdle(lab, FIRST);
  await lab.pass(60_000);
  assertMatch(lines(lab)[0] ?? "", /^stop failed: i-\w+ was registered again by someone else/);
  assertEquals(lab.status(FIRST), "running in-service");
});
