/**
 * The autoscaler in a simulation. It makes decisions with the real rules: one for each change of an alarm, and one at each
 * reconcile.
 *
 * @module
 */
import { decide } from "../decide.ts";
import type { Limits } from "../model/limits.ts";
import type { Datapoint } from "../model/load/metric.ts";
import type { History, Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import { scopeOf } from "../scope.ts";
import { SimulatedAlarms } from "./alarms.ts";
import type { Arrived, SimulatedFleet } from "./fleet.ts";
import { Camera } from "./image.ts";

/**
 * The time of the first reconcile, in seconds. It is in the middle of a period, because kas does not know when a period
 * begins.
 */
const FIRST_RECONCILE = 30;

const FLEET = "kas";

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
  readonly #camera: Camera;
  readonly #cpu = new Map<string, Datapoint>();
  #last: Pick<History, "lastOut" | "lastIn"> = {};
  #reconcileDue = FIRST_RECONCILE;
  readonly actions: SimulatedAction[] = [];

  /** @param trustOldReadings whether the autoscaler treats each datapoint as if it began now */
  constructor(fleet: SimulatedFleet, limits: Limits, trustOldReadings = false) {
    this.#fleet = fleet;
    this.#limits = limits;
    this.#trustOldReadings = trustOldReadings;
    this.#alarms = new SimulatedAlarms(FLEET, fleet.machines.map(({ id }) => id), fleet.world);
    this.#camera = new Camera(fleet);
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
    if (scopeOf(trigger) === "nothing") return;
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
    const { instances, inProgress, ...history } = this.#camera.look();
    const cpu: Record<string, Datapoint> = {};
    for (const { id, launched = Infinity } of instances) {
      const point = this.#cpu.get(id);
      // Omit a datapoint from before the last start of the instance.
      if (point === undefined || point.at < launched) continue;
      cpu[id] = this.#trustOldReadings ? { ...point, at: now } : point;
    }
    return {
      now,
      fleet: FLEET,
      limits: this.#limits,
      instances,
      alarms: this.#alarms.describe(),
      cpu,
      inProgress,
      history: { ...this.#last, ...history },
    };
  }
}
