/**
 * The autoscaler in a simulation. It makes decisions with the real rules: one for each change of an alarm, and one at each
 * reconcile.
 *
 * @module
 */
import { decide } from "../decide.ts";
import type { ActivityInProgress } from "../model/activity.ts";
import { inService, type Instance, type InstanceState, type Registration } from "../model/instance.ts";
import type { Limits } from "../model/limits.ts";
import type { Datapoint } from "../model/load/metric.ts";
import type { History, Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import { SimulatedAlarms } from "./alarms.ts";
import type { Arrived, SimulatedFleet } from "./fleet.ts";
import type { Machine, Phase } from "./machine.ts";

/**
 * The time of the first reconcile, in seconds. It is in the middle of a period, because kas does not know when a period
 * begins.
 */
const FIRST_RECONCILE = 30;

const FLEET = "kas";

/** The state at EC2 and the registration at the load balancer in each phase. */
const ANSWERS: Readonly<Record<Phase, readonly [InstanceState, Registration]>> = {
  stopped: ["stopped", "none"],
  booting: ["running", "none"],
  registering: ["running", "out-of-service"],
  "in-service": ["running", "in-service"],
  draining: ["running", "draining"],
  stopping: ["stopping", "none"],
};

/** An action of the autoscaler. */
export interface SimulatedAction {
  /** The time of the decision, in seconds since the start of the simulation. */
  readonly at: number;
  readonly kind: "start" | "stop";
  readonly reason: string;
}

/** The autoscaler of a simulated fleet. */
export class SimulatedAutoscaler {
  readonly #fleet: SimulatedFleet;
  readonly #limits: Limits;
  readonly #trustOldReadings: boolean;
  readonly #alarms: SimulatedAlarms;
  readonly #cpu = new Map<string, Datapoint>();
  readonly #inService = new Map<string, number>();
  #last: Pick<History, "lastOut" | "lastIn"> = {};
  /** When an observation last showed a change of the set of instances in service, in ms. */
  #changed: number | undefined;
  #reconcileDue = FIRST_RECONCILE;
  readonly actions: SimulatedAction[] = [];

  /** @param trustOldReadings whether the autoscaler treats each datapoint as if it began now */
  constructor(fleet: SimulatedFleet, limits: Limits, trustOldReadings = false) {
    this.#fleet = fleet;
    this.#limits = limits;
    this.#trustOldReadings = trustOldReadings;
    this.#alarms = new SimulatedAlarms(FLEET, fleet.machines.map(({ id }) => id), fleet.world);
  }

  /**
   * Makes the decisions that are due at this second.
   *
   * @param arrived the datapoints that became readable at this second
   */
  tick(arrived: Arrived | undefined): void {
    const { now } = this.#fleet;
    const points = arrived?.cloudwatch;
    for (const [id, percent] of points?.cpu ?? []) {
      this.#cpu.set(id, { percent, at: (points?.began ?? 0) * 1_000 });
    }
    for (const alarm of this.#alarms.observe(points, now)) this.#evaluate({ kind: "notification", alarm });
    if (now < this.#reconcileDue) return;
    this.#reconcileDue = now + this.#limits.resync / 1_000;
    this.#evaluate({ kind: "reconcile" });
  }

  #evaluate(trigger: Trigger): void {
    const { now } = this.#fleet;
    const decision = decide(trigger, this.#observe());
    for (const action of decision.actions) {
      // The simulated autoscaler has no launch template, so it never launches an instance.
      if (action.kind !== "start" && action.kind !== "stop") continue;
      const { kind, instance } = action;
      this.actions.push({ at: now, kind, reason: decision.reason });
      // After an action, the next reconcile is one interval later.
      this.#reconcileDue = now + this.#limits.resync / 1_000;
      this.#last = { ...this.#last, [kind === "start" ? "lastOut" : "lastIn"]: now * 1_000 };
      if (kind === "stop") this.#fleet.stop(instance, "drained");
      else if (action.kind === "start" && action.by === "register") this.#fleet.registerAgain(instance);
      else this.#fleet.start(instance);
    }
  }

  #observe(): Observation {
    const now = this.#fleet.now * 1_000;
    const instances = this.#fleet.machines.map(instanceOf);
    this.#noteInService(instances, now);
    return {
      now,
      fleet: FLEET,
      limits: this.#limits,
      instances,
      alarms: this.#alarms.describe(),
      cpu: Object.fromEntries(instances.flatMap(({ id, launched = Infinity }) => {
        const point = this.#cpu.get(id);
        // Omit a datapoint from before the last start of the instance.
        if (point === undefined || point.at < launched) return [];
        return [[id, this.#trustOldReadings ? { ...point, at: now } : point]];
      })),
      inProgress: this.#fleet.machines.flatMap(activityOf),
      history: {
        ...this.#last,
        inServiceSince: Object.fromEntries(this.#inService),
        ...(this.#changed === undefined ? {} : { capacityChanged: this.#changed }),
      },
    };
  }

  /** Notes since when each instance has been in service: as in the journal, since an observation first showed it in service. */
  #noteInService(instances: readonly Instance[], now: number): void {
    for (const instance of instances) {
      if (!inService(instance)) {
        if (this.#inService.delete(instance.id)) this.#changed = now;
      } else if (!this.#inService.has(instance.id)) {
        const first = this.#fleet.machines.find(({ id }) => id === instance.id)?.started ?? 0;
        this.#inService.set(instance.id, first < 0 ? first * 1_000 : now);
        if (first >= 0) this.#changed = now;
      }
    }
  }
}

function instanceOf({ id, base, phase, started, stopped }: Machine): Instance {
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

function activityOf({ id, phase, since }: Machine): readonly ActivityInProgress[] {
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
