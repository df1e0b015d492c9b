/**
 * Two activities at one instance, in the lab: kas cancels a start that the fleet does not need any more (R21), and a scale-in of an
 * instance that it needs again (R7). Neither a crash nor its moment changes the result.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DIRECTION } from "../../../../src/scaling/model/activity.ts";
import type { Decision } from "../../../../src/scaling/model/decision.ts";
import type { Limits } from "../../../../src/scaling/model/limits.ts";
import { FLEET } from "../../../support/lab/cloud.ts";
import { AT_ONCE, fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { CrashPoint, Lab } from "../../../support/lab/lab.ts";
import {
  askForMore,
  countInService,
  FIRST,
  holdRequests,
  openNotifiedLab,
  reportIdle,
  startedIds,
} from "../../../support/lab/script.ts";

const SECOND = 2;
const MINUTE = 60_000;
const IN_SERVICE = "running in-service";

/** Lets time pass until a condition is true, but at most ten minutes. */
async function until(lab: Lab, condition: () => boolean): Promise<void> {
  for (let second = 0; second < 600 && !condition(); second++) await lab.pass(1_000);
  assert(condition());
}

/** Returns the kinds of the activities in progress. */
function activities({ kas }: Lab): string[] {
  return kas.journal.unfinished().map(({ kind }) => kind);
}

/** Returns the last activities with their statuses, oldest first. */
function outcomes({ kas, time }: Lab, count: number): string[] {
  return kas.journal.lines(100, time.now()).filter(({ kind }) => kind !== "none").slice(0, count)
    .map(({ kind, status }) => `${kind} ${status}`).toReversed();
}

/**
 * Opens a lab in which the first node is unhealthy and the next one starts in its place, but never passes its health check. Then
 * the first node serves again. Resolves when kas has decided that it does not need the other one.
 *
 * @param crash when the autoscaler crashes after that decision
 * @param atRecheck called before the first call to AWS after that decision
 * @param isQuick whether the load balancer notices so soon that the first node serves again that the other one is still pending
 */
async function recovered(
  serving: readonly boolean[],
  { crash, atRecheck, isQuick = false, ...more }: Partial<Limits> & {
    readonly crash?: CrashPoint;
    readonly atRecheck?: (lab: Lab) => Promise<unknown>;
    readonly isQuick?: boolean;
  } = {},
): Promise<Lab> {
  const limits = { ...AT_ONCE, resync: 10_000, max: 4, ...more };
  let decided = false;
  const onDecision = (_: unknown, { actions }: Decision) => {
    if (decided || !actions.some(({ kind }) => DIRECTION[kind] === "in")) return;
    decided = true;
    lab.crashAt(crash);
  };
  const plan = fleetOf(serving, { kind: true, startTimeout: 5 * MINUTE, limits });
  const lab = await openNotifiedLab(plan, { onDecision });
  const { faults, machines } = lab.cloud;
  if (isQuick) {
    await lab.cloud.elsewhere("elb", "ConfigureHealthCheck", {
      LoadBalancerName: FLEET,
      HealthCheck: {
        Target: "HTTP:30000/ping",
        Interval: 5,
        Timeout: 2,
        UnhealthyThreshold: 2,
        HealthyThreshold: 2,
      },
    });
  }
  const own = faults.onCall;
  let isDue = atRecheck !== undefined;
  faults.onCall = async (passing) => {
    await own?.(passing);
    if (!decided || !isDue) return;
    isDue = false;
    await atRecheck?.(lab);
  };
  for (const id of [lab.id(SECOND), lab.launched()]) machines.broken.add(id);
  faults.unhealthy.add(lab.id(FIRST));
  await until(lab, () => activities(lab).length > 0);
  faults.unhealthy.delete(lab.id(FIRST));
  await until(lab, () => decided);
  return lab;
}

Deno.test("if an instance serves again before its replacement does, kas cancels the start of the replacement and stops it (R21)", async () => {
  await using lab = await recovered([true, false]);
  await lab.pass(2 * MINUTE);
  assertEquals(outcomes(lab, 2), ["start cancelled", "stop successful"]);
  assertEquals([lab.status(FIRST), lab.status(SECOND)], [IN_SERVICE, "stopped none"]);
  assertEquals([countInService(lab), startedIds(lab)], [2, [lab.id(SECOND)]]);
});

Deno.test("a cancelled start does not count as a failure, and kas may start the instance again at once (R18)", async () => {
  await using lab = await recovered([true, false]);
  await lab.pass(MINUTE);
  lab.cloud.machines.broken.clear();
  await askForMore(lab);
  await lab.pass(2 * MINUTE);
  assertEquals(lab.status(SECOND), IN_SERVICE);
});

Deno.test("kas also cancels the launch of a replacement, and stops the launched instance (R21)", async () => {
  await using lab = await recovered([true], { grow: "kas-node" });
  await lab.pass(2 * MINUTE);
  assertEquals(outcomes(lab, 2), ["launch cancelled", "stop successful"]);
  const { state, registration } = lab.cloud.truth(lab.launched()) ?? {};
  assertEquals([lab.status(FIRST), state, registration], [IN_SERVICE, "stopped", "none"]);
});

for (
  const [what, serving, more] of [["start", [true, false], {}], ["launch", [true], {
    grow: "kas-node",
  }]] as const
) {
  Deno.test(`kas also cancels the ${what} of a replacement that is still pending, and stops the instance once EC2 allows that (R21)`, async () => {
    await using lab = await recovered(serving, { ...more, resync: 3_000, isQuick: true });
    const id = what === "start" ? lab.id(SECOND) : lab.launched();
    assert(["pending", "stopping"].includes(lab.cloud.truth(id)?.state ?? ""));
    await lab.pass(3 * MINUTE);
    assertEquals(outcomes(lab, 2), [`${what} cancelled`, "stop successful"]);
    assertEquals([lab.status(FIRST), lab.cloud.truth(id)?.state], [IN_SERVICE, "stopped"]);
  });
}

Deno.test("with --shrink terminate, kas terminates the launched instance whose start it cancels (R21)", async () => {
  await using lab = await recovered([true], { grow: "kas-node", shrink: "terminate" });
  await lab.pass(2 * MINUTE);
  assertEquals([lab.status(FIRST), lab.cloud.truth(lab.launched())?.state ?? "terminated"], [
    IN_SERVICE,
    "terminated",
  ]);
});

Deno.test("kas stops an instance whose start it cancelled before it registered the instance, also if too few instances serve (R3, R21)", async () => {
  const atRecheck = (lab: Lab) =>
    lab.cloud.elsewhere("elb", "DeregisterInstancesFromLoadBalancer", {
      LoadBalancerName: FLEET,
      Instances: [{ InstanceId: lab.id(0) }],
    });
  await using lab = await recovered([true, false], { isQuick: true, min: 2, atRecheck });
  await lab.pass(2 * MINUTE);
  assertEquals(outcomes(lab, 100).slice(0, 2), ["start cancelled", "stop successful"]);
});

/** Moments at which the autoscaler crashes, while two activities at one instance are in progress. */
const CRASHES: readonly CrashPoint[] = [
  ...[1, 2, 4, 6].map((nth) => ({ at: "write", nth, moment: "after", down: 5_000 }) as const),
  ...[1, 3, 5].map((nth) => ({ at: "call", nth, moment: "after", down: 5_000 }) as const),
];

for (const point of CRASHES) {
  const when = `${point.moment} ${point.at} ${point.nth}`;
  Deno.test(`after a crash ${when}, kas continues to cancel a start, and leaves no instance half started (R13, R21)`, async () => {
    await using lab = await recovered([true, false], { crash: point });
    await lab.pass(4 * MINUTE);
    lab.crashAt(undefined);
    assertEquals(activities(lab), []);
    assertEquals([lab.status(FIRST), lab.status(SECOND)], [IN_SERVICE, "stopped none"]);
  });

  Deno.test(`after a crash ${when}, kas continues to register a node again that it has begun to stop (R7, R13)`, async () => {
    const onDecision = (_: unknown, { actions }: Decision) => {
      if (actions.some(({ kind }) => kind === "start")) lab.crashAt(point);
    };
    const lab = await openNotifiedLab(fleetOf([true], { kind: true }), { onDecision });
    await using _ = lab;
    const answers = await holdRequests(lab);
    await reportIdle(lab, FIRST);
    await until(lab, () => lab.status(FIRST) === "running draining");
    await askForMore(lab);
    await lab.pass(2 * MINUTE);
    lab.crashAt(undefined);
    lab.cloud.machines.release();
    await Promise.all(answers);
    await lab.pass(2 * MINUTE);
    assertEquals([activities(lab), lab.status(FIRST)], [[], IN_SERVICE]);
  });
}
