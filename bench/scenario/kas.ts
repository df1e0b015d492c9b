/**
 * kas: the production decide() with its default limits, a notification for each change of an alarm, and a reconcile every
 * minute.
 *
 * @module
 */
import type { ActivityInProgress } from "../../src/scaling/model/activity.ts";
import type { Limits } from "../../src/scaling/model/limits.ts";
import { decide } from "../../src/scaling/decide.ts";
import type { Observation } from "../../src/scaling/model/observation.ts";
import type { Instance, InstanceState, Registration } from "../../src/scaling/model/instance.ts";
import type { Trigger } from "../../src/scaling/model/trigger.ts";
import { SETTINGS } from "../../src/settings/table.ts";
import { alarmChanges, instanceAlarms } from "./alarms.ts";
import { type Machine, MINUTE, type Phase, type Plant } from "./plant.ts";
import type { Policy } from "./play.ts";

const DEFAULTS = (["warmup", "cooldownOut", "cooldownIn", "resync"] as const).map((name) =>
  [name, SETTINGS[name].parse(SETTINGS[name].default)] as const
);

/** The default limits. */
export const LIMITS = Object.fromEntries(DEFAULTS) as unknown as Limits;

/** When the first reconcile is, s: in the middle of CloudWatch's minute, as kas does not know when that begins. */
const FIRST_RECONCILE = 30;

const FLEET = "kas";

/** What EC2 and ELB answer in each phase. */
const ANSWERS: Readonly<Record<Phase, readonly [InstanceState, Registration]>> = {
  stopped: ["stopped", "none"],
  booting: ["running", "none"],
  registering: ["running", "out-of-service"],
  "in-service": ["running", "in-service"],
  draining: ["running", "draining"],
  stopping: ["stopping", "none"],
};

/** kas with some of its limits changed. */
export function kas(limits: Partial<Limits> = {}): (plant: Plant) => Policy {
  return (plant) => {
    const inForce = { ...LIMITS, ...limits };
    const alarms = instanceAlarms(plant);
    const cpu = new Map<string, { readonly percent: number; readonly at: number }>();
    const last: { lastOut?: number; lastIn?: number } = {};
    let due = FIRST_RECONCILE;

    const observation = (): Observation => ({
      now: plant.now * 1_000,
      fleet: FLEET,
      limits: inForce,
      instances: plant.machines.map(instance),
      alarms: alarms.map(({ kind, id, threshold, watched: { state, changed } }) => (
        { fleet: FLEET, kind, dimension: id, state, threshold, period: 60, changed: changed * 1_000 }
      )),
      // A datapoint from before the start says nothing about now.
      cpu: Object.fromEntries(
        plant.machines.flatMap(({ id, started }) => {
          const point = cpu.get(id);
          return point !== undefined && point.at >= started * 1_000 ? [[id, point]] : [];
        }),
      ),
      inProgress: plant.machines.flatMap(inProgress),
      history: {
        ...last,
        inServiceSince: Object.fromEntries(
          plant.in("in-service").map(({ id, since }) => [id, since * 1_000]),
        ),
      },
    });
    const evaluate = (trigger: Trigger) => {
      const seen = observation();
      const decision = decide(trigger, seen);
      // The simulated fleet has no launch template, so that there is no launch.
      if (decision.kind !== "start" && decision.kind !== "stop") return;
      // The next reconcile is one whole interval after an action.
      due = plant.now + inForce.resync / 1_000;
      last[decision.kind === "start" ? "lastOut" : "lastIn"] = seen.now;
      if (decision.kind === "stop") plant.stop(decision.instance, "drained");
      else if (decision.by === "register") plant.registerAgain(decision.instance);
      else plant.start(decision.instance);
    };

    return (points) => {
      for (const [id, percent] of points ?? []) cpu.set(id, { percent, at: (plant.now - MINUTE) * 1_000 });
      for (
        const { kind, id, from, to } of points === undefined ? [] : alarmChanges(alarms, points, plant.now)
      ) {
        const change = { fleet: FLEET, kind, dimension: id, from, to, at: plant.now * 1_000 };
        evaluate({ kind: "notification", alarm: change });
      }
      if (plant.now >= due) {
        due = plant.now + inForce.resync / 1_000;
        evaluate({ kind: "reconcile" });
      }
    };
  };
}

function instance({ id, base, phase, started, stopped }: Machine): Instance {
  const [state, registration] = ANSWERS[phase];
  return {
    id,
    name: id,
    role: base ? "base" : "node",
    state,
    type: "t3.micro",
    zone: "eu-west-1a",
    registration,
    ...(state === "running" ? { launched: started * 1_000 } : { stoppedAt: stopped * 1_000 }),
  };
}

function inProgress({ id, phase, since }: Machine): readonly ActivityInProgress[] {
  switch (phase) {
    case "booting":
    case "registering":
      return [{ kind: "start", instance: id, since: since * 1_000 }];
    case "draining":
    case "stopping":
      return [{ kind: "stop", instance: id, since: since * 1_000 }];
    default:
      return [];
  }
}
