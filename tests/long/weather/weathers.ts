/**
 * The weathers: sets of faults that happen to a fleet while it scales out and in, and the state in which the fleet must
 * end.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { subscribe } from "../../../src/aws/sns/topic.ts";
import { terminateInstance } from "../../../src/aws/ec2/state_changes.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import { BASE, NODES } from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";
import { Scene, type SceneOptions } from "./scene.ts";

/** A set of faults with a name. Its story rejects if the fleet does not end in the expected state. */
export interface Weather {
  readonly name: string;
  readonly setting?: SceneOptions;
  /** Runs the scene. Returns a short description of the end for the report. */
  readonly story: (scene: Scene) => Promise<string>;
}

const [FIRST, SECOND] = NODES;
const HOUR = 3_600_000;
/** The directions in which the clock jumps, and how far, in ms. */
const JUMPS = [["forwards", HOUR], ["backwards", -HOUR]] as const;
const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: HOUR };

/**
 * With the fault that `begin` sets, one message puts a node into service, and another message takes it out of service.
 */
function bothWays(begin: (scene: Scene) => void): Weather["story"] {
  return async (scene) => {
    begin(scene);
    await scene.askForMore();
    const { status, instance, reason } = await scene.ended("start");
    assertEquals([status, instance], ["successful", FIRST], reason);
    await scene.reportIdle(FIRST);
    const stopped = await scene.ended("stop");
    assertEquals([stopped.status, stopped.instance], ["successful", FIRST], stopped.reason);
    scene.endFaults();
    await scene.reaches({ [FIRST]: "stopped none", [SECOND]: "stopped none" });
    await scene.verify(1);
    return "in and out";
  };
}

/** A fault that begins at each of these calls and lasts this many ms. */
function bursts(
  at: readonly string[],
  ms: number,
  begin: (scene: Scene) => void,
  end: (scene: Scene) => void,
) {
  return (scene: Scene) => {
    const left = new Set(at);
    scene.onCall = ({ action, moment }) => {
      if (moment !== "before" || !left.delete(action)) return;
      begin(scene);
      setTimeout(() => end(scene), ms);
    };
  };
}

/** Returns a callback that runs `act` at the first call that matches. */
function once(matches: (passing: CallEvent) => boolean, act: () => Promise<unknown>): Scene["onCall"] {
  let done = false;
  return async (passing) => {
    if (done || !matches(passing)) return;
    done = true;
    await act();
  };
}

/** Matches the calls of an action that name the first node. */
function about(action: string, moment: CallEvent["moment"]): (passing: CallEvent) => boolean {
  return (passing) =>
    passing.action === action && passing.moment === moment && JSON.stringify(passing.input).includes(FIRST);
}

/** Another person terminates the first node during its start. kas must start the second node instead. */
function terminatedDuringStart(name: string, matches?: (passing: CallEvent) => boolean): Weather {
  let struck: Promise<unknown> | undefined;
  const strike = (scene: Scene) => struck ??= terminateInstance(scene.stage.aws, FIRST);
  return {
    name: `terminated ${name}`,
    // The start must fail because the node is terminated, and not because of the deadline.
    setting: {
      startTimeout: 60_000,
      ...(matches ? {} : { onFirstPing: (scene, id) => void (id === FIRST && strike(scene)) }),
    },
    story: async (scene) => {
      if (matches) scene.onCall = once(matches, () => strike(scene));
      await scene.askForMore();
      const { status, instance, reason } = await scene.ended("start");
      assertEquals([status, instance], ["successful", SECOND], reason);
      assertMatch(reason, new RegExp(FIRST));
      await struck;
      await scene.reaches({ [FIRST]: "gone", [SECOND]: "running in-service" });
      assertEquals(scene.violations, []);
      return "the next one came";
    },
  };
}

/** Another person terminates the first node during its stop. No other node may change. */
function terminatedDuringStop(name: string, matches: (passing: CallEvent) => boolean): Weather {
  return {
    name: `terminated ${name}`,
    story: async (scene) => {
      await scene.askForMore();
      await scene.ended("start");
      scene.onCall = once(matches, () => terminateInstance(scene.stage.aws, FIRST));
      await scene.reportIdle(FIRST);
      await scene.ended("stop");
      await scene.reaches({ [FIRST]: "gone", [SECOND]: "stopped none" });
      await scene.verify(1);
      return "gone, and no other";
    },
  };
}

/** For some time the calls of an action get no answer. The control loop must evaluate the next message soon. */
function unanswered(action: string): Weather {
  return {
    name: `${action} gets no answer for two attempts`,
    setting: { timeLimit: 300 },
    story: async (scene) => {
      scene.faults.wedgedActions.add(action);
      await scene.alarm("cpuhigh", BASE, "ALARM");
      const given = () => scene.sandbox.calls.filter(({ error }) => error === "wedge").length;
      await eventually(given, (n) => n >= 2);
      scene.endFaults();
      const freed = performance.now();
      await scene.askForMoreAgain();
      await scene.ended("start", 2);
      await scene.reaches({ [FIRST]: "running in-service", [SECOND]: "running in-service" });
      await scene.verify(2);
      assert(performance.now() - freed < 8_000);
      return "both came";
    },
  };
}

/**
 * For some time calls that only scaling in needs get no answer. The fleet must scale in when they get answers again.
 */
function unansweredDuringStop(action: string): Weather {
  return {
    name: `${action} gets no answer for two attempts`,
    setting: { timeLimit: 300 },
    story: async (scene) => {
      await scene.askForMore();
      await scene.ended("start");
      scene.faults.wedgedActions.add(action);
      await scene.reportIdle(FIRST);
      const given = () => scene.sandbox.calls.filter(({ error }) => error === "wedge").length;
      await eventually(given, (n) => n >= 2);
      scene.endFaults();
      const freed = performance.now();
      await scene.ended("stop");
      await scene.reaches({ [FIRST]: "stopped none", [SECOND]: "stopped none" });
      await scene.verify(1);
      assert(performance.now() - freed < 8_000);
      return "in and out";
    },
  };
}

/** Calls that name the first node get no answer. Meanwhile kas must start the second node. */
function unansweredForOne(action: string): Weather {
  return {
    name: `${action} of one instance gets no answer`,
    setting: { timeLimit: 300 },
    story: async (scene) => {
      const held = Promise.withResolvers<void>();
      const [wedge, reached] = [about(action, "before"), Promise.withResolvers<void>()];
      scene.onCall = async (passing) => {
        if (!wedge(passing)) return;
        reached.resolve();
        await held.promise;
      };
      try {
        await scene.alarm("cpuhigh", BASE, "ALARM");
        await reached.promise;
        await scene.askForMoreAgain();
        await scene.reaches({ [SECOND]: "running in-service" });
        assert(scene.stage.standing(FIRST) !== "running in-service");
      } finally {
        held.resolve();
      }
      await scene.reaches({ [FIRST]: "running in-service" });
      await scene.ended("start", 2);
      await scene.verify(2);
      return "the other first, then both";
    },
  };
}

/** SNS never answers a confirmation. kas must continue its evaluations. */
const UNANSWERED_SNS: Weather = {
  name: "ConfirmSubscription gets no answer",
  setting: { timeLimit: 300 },
  story: async (scene) => {
    scene.faults.wedgedActions.add("ConfirmSubscription");
    const { aws, options: { topicArn = "" } } = scene.stage;
    await subscribe(aws, topicArn, `${scene.autoscaler.url}/?again`);
    await eventually(() => scene.sandbox.calls.some(({ error }) => error === "wedge"), (struck) => struck);
    await scene.askForMore();
    await scene.ended("start");
    await scene.verify(1);
    return "in, unconfirmed";
  },
};

/** The clock jumps while an instance starts, and again while the instance stops. */
function jumpsOnTheWay(name: string, by: number): Weather {
  /** Lets the clock jump at the first observation after a call. */
  const jumpAfter = (scene: Scene, action: string) => {
    let called = false;
    scene.onCall = once((passing) => {
      called ||= about(action, "after")(passing);
      return called && about("DescribeInstances", "after")(passing);
    }, () => Promise.resolve(scene.clock.jump(by)));
  };
  return {
    name: `clock 1 h ${name} during a start and a stop`,
    setting: { limits: { ...LIMITS, resync: 400, max: 2, min: 1 } },
    story: async (scene) => {
      jumpAfter(scene, "StartInstances");
      await scene.askForMore();
      const { status, reason } = await scene.ended("start");
      assertEquals(status, "successful", reason);
      jumpAfter(scene, "StopInstances");
      await scene.reportIdle(FIRST);
      assertEquals((await scene.ended("stop")).status, "successful");
      await scene.reaches({ [FIRST]: "stopped none", [SECOND]: "stopped none" });
      assertEquals(Math.round((scene.clock.now() - Date.now()) / HOUR), Math.sign(by) * 2);
      await scene.verify(1);
      return "in and out";
    },
  };
}

/** The clock jumps during a cooldown, and before a reconcile. Each activity must happen once, and none an hour late. */
function jumpsInCooldown(name: string, by: number): Weather {
  const resync = 500;
  return {
    name: `clock 1 h ${name} in a cooldown`,
    setting: { limits: { ...LIMITS, cooldownOut: 1_000, resync, max: 3 } },
    story: async (scene) => {
      scene.onCall = once(about("StartInstances", "before"), () => Promise.resolve(scene.clock.jump(by)));
      await scene.askForMore();
      await scene.ended("start", 2);
      await scene.reaches({ [FIRST]: "running in-service", [SECOND]: "running in-service" });
      const [first, second] = scene.sandbox.calls.filter(({ action }) => action === "StartInstances");
      const apart = (second?.at ?? 0) - (first?.at ?? 0);
      // The next reconcile comes `resync` after the decision of the first start, whose call may be late.
      assert(apart >= resync / 2 && apart < 10_000, `${apart} ms apart`);
      await scene.verify(2);
      return `two steps, ${apart} ms apart`;
    },
  };
}

/** The clock jumps while kas waits before it processes a message again. */
function jumpsInBackoff(name: string, by: number): Weather {
  return {
    name: `clock 1 h ${name} in a backoff`,
    story: async (scene) => {
      const { length } = scene.sandbox.calls;
      scene.onCall = ({ action }) => {
        if (action === "DescribeInstances") scene.faults.errors = 1;
      };
      await scene.askForMore();
      const failed = () =>
        scene.sandbox.calls.slice(length).filter(({ action, error }) =>
          action === "DescribeInstances" && error
        )
          .length;
      // Each attempt makes three calls. After each attempt there is a pause.
      await eventually(failed, (n) => n >= 6 && n % 3 === 0);
      scene.clock.jump(by);
      scene.endFaults();
      const calm = performance.now();
      await scene.ended("start");
      await scene.verify(1);
      assert(performance.now() - calm < 15_000);
      return "in";
    },
  };
}

/** From the decision to scale out, or to scale in, AWS is slow or gives stale answers. */
function slow(name: string, fault: string, warmup: number): readonly Weather[] {
  const limits = { ...LIMITS, warmup, resync: 300, max: 2, min: 1 };
  const setting = { limits, timeLimit: 10_000, startTimeout: 60_000, drainTimeout: 60_000 };
  const begin = (scene: Scene, matches: (passing: CallEvent) => boolean) =>
    scene.onCall = once(matches, () => Promise.resolve(scene.faults.set(fault)));
  return [
    {
      name: `${name}, during a start`,
      setting,
      story: async (scene) => {
        await scene.askForMore();
        begin(scene, ({ moment }) => moment === "before");
        assertEquals((await scene.ended("start")).status, "successful");
        scene.endFaults();
        await scene.reaches({ [FIRST]: "running in-service" });
        await scene.verify(1);
        return "in";
      },
    },
    {
      name: `${name}, during a stop`,
      setting,
      story: async (scene) => {
        await scene.askForMore();
        await scene.ended("start");
        await scene.reportIdle(FIRST);
        begin(scene, about("DeregisterInstancesFromLoadBalancer", "before"));
        assertEquals((await scene.ended("stop")).status, "successful");
        scene.endFaults();
        await scene.reaches({ [FIRST]: "stopped none" });
        await scene.verify(1);
        return "out";
      },
    },
  ];
}

/** All weathers. */
export const WEATHERS: readonly Weather[] = [
  // The longest weathers come first.
  ...slow("5 s per call", "latency=5s", 0),
  ...slow("reads 10 s stale", "stale-reads=10s", 12_000),
  { name: "calm", story: bothWays(() => {}) },
  { name: "throttled 50 %", story: bothWays(({ faults }) => faults.set("throttle=0.5")) },
  {
    name: "errors 100 % for 2 s, twice during the start and twice during the stop",
    story: bothWays(bursts(
      ["GetMetricData", "RegisterInstancesWithLoadBalancer", "DescribeAlarms", "StopInstances"],
      2_000,
      ({ faults }) => faults.set("errors=1"),
      ({ faults }) => faults.set("errors=0"),
    )),
  },
  { name: "errors 30 %", story: bothWays(({ faults }) => faults.set("errors=0.3")) },
  {
    name: "connection closed during 30 % of the answers",
    story: bothWays(({ faults }) => faults.set("cut=0.3")),
  },
  {
    name: "no answer to 10 % of the calls",
    setting: { timeLimit: 300 },
    story: bothWays(({ faults }) => faults.set("wedge=0.1")),
  },
  {
    name: "500 ms per call, time limit 1 s",
    story: bothWays(({ faults }) => faults.set("latency=500ms")),
  },
  ...slow("reads 1 s stale", "stale-reads=1s", 1_500),
  {
    name: "OutOfService for 1 s during a start",
    story: async (scene) => {
      scene.faults.unhealthy.add(FIRST);
      scene.onCall = once(about("RegisterInstancesWithLoadBalancer", "after"), () => {
        setTimeout(() => scene.faults.unhealthy.delete(FIRST), 1_000);
        return Promise.resolve();
      });
      await scene.askForMore();
      assertEquals((await scene.ended("start")).status, "successful");
      await scene.reaches({ [FIRST]: "running in-service" });
      await scene.verify(1);
      return "in";
    },
  },
  {
    name: "OutOfService while in service",
    setting: { limits: { ...LIMITS, resync: 250 } },
    story: async (scene) => {
      await scene.askForMore();
      await scene.ended("start");
      await scene.alarm("cpuhigh", BASE, "OK");
      const before = await scene.activities();
      scene.faults.unhealthy.add(FIRST);
      await scene.reaches({ [FIRST]: "running out-of-service" });
      const calls = scene.sandbox.calls.length;
      // Wait for a few reconciles.
      const resyncs = () =>
        scene.sandbox.calls.slice(calls).filter(({ action }) => action === "DescribeAlarms").length;
      await eventually(resyncs, (n) => n >= 4);
      scene.faults.unhealthy.clear();
      await scene.reaches({ [FIRST]: "running in-service" });
      const extra = (await scene.activities()).length - before.length;
      assert(extra <= 1, `${extra} more steps`);
      await scene.reportIdle(FIRST);
      await scene.ended("stop");
      await scene.reaches({ [FIRST]: "stopped none" });
      assertEquals(scene.violations, []);
      return "in and out";
    },
  },
  terminatedDuringStart("before it is started", about("StartInstances", "before")),
  terminatedDuringStart("after it is started", about("StartInstances", "after")),
  terminatedDuringStart("at its first answer"),
  terminatedDuringStart("before it is registered", about("RegisterInstancesWithLoadBalancer", "before")),
  terminatedDuringStart("after it is registered", about("RegisterInstancesWithLoadBalancer", "after")),
  terminatedDuringStop("before it is deregistered", about("DeregisterInstancesFromLoadBalancer", "before")),
  terminatedDuringStop("after it is deregistered", about("DeregisterInstancesFromLoadBalancer", "after")),
  terminatedDuringStop("before it is stopped", about("StopInstances", "before")),
  terminatedDuringStop("after it is stopped", about("StopInstances", "after")),
  unansweredDuringStop("GetMetricData"),
  ...["DescribeInstances", "DescribeInstanceHealth", "DescribeAlarms", "StartInstances"].map(
    unanswered,
  ),
  unansweredForOne("StartInstances"),
  unansweredForOne("RegisterInstancesWithLoadBalancer"),
  UNANSWERED_SNS,
  ...JUMPS.flatMap((
    [name, by],
  ) => [jumpsOnTheWay(name, by), jumpsInCooldown(name, by), jumpsInBackoff(name, by)]),
];
