/**
 * The autoscaler in a simulation. It makes decisions with the real rules: one for each change of an alarm, one at each reconcile, and
 * one for each new period of the load if a policy depends on the load.
 *
 * @module
 */
import { decide } from "../decide.ts";
import type { Instance } from "../model/instance.ts";
import type { Limits } from "../model/limits.ts";
import type { Datapoint } from "../model/load/metric.ts";
import { DEFAULT_STABILIZATION, hasCapacityPolicy, policyOf } from "../model/load/policy.ts";
import { demandOf, endOf, type LoadPoint } from "../model/load/view.ts";
import type { History, Observation } from "../model/observation.ts";
import type { Trigger } from "../model/trigger.ts";
import { leadOf } from "../policies/adaptive/lead.ts";
import { Learner } from "../policies/adaptive/learner.ts";
import { scopeOf } from "../scope.ts";
import { SimulatedAlarms, type Thresholds } from "./alarms.ts";
import type { Arrived, SimulatedFleet } from "./fleet.ts";
import { Camera } from "./image.ts";
import { LoadWindow } from "./load/window.ts";
import type { Datapoints } from "./meter.ts";
import type { Policy } from "./play.ts";

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

/** The settings of the autoscaler. */
export interface KasOptions {
  readonly limits: Limits;
  /** The thresholds of the alarms. Default: those of `kas admin setup`. */
  readonly thresholds?: Thresholds | undefined;
  /** Whether the autoscaler treats each datapoint as if it began now. */
  readonly trustOldReadings?: boolean;
}

/** kas as a policy of a simulation. */
export function kasPolicy(options: KasOptions): Policy {
  return (fleet) => {
    const autoscaler = new SimulatedAutoscaler(fleet, options);
    return (arrived) => autoscaler.tick(arrived);
  };
}

/** The autoscaler of a simulated fleet. */
export class SimulatedAutoscaler {
  readonly #fleet: SimulatedFleet;
  readonly #limits: Limits;
  readonly #trustOldReadings: boolean;
  /** The alarms. Undefined if no policy depends on them. */
  readonly #alarms: SimulatedAlarms | undefined;
  /** The load of the last minutes. Undefined if no policy depends on it. */
  readonly #load: LoadWindow | undefined;
  /** What the adaptive policy learns. Undefined if the fleet has no such policy. */
  readonly #learner: Learner | undefined;
  readonly #camera: Camera;
  #cpu: Readonly<Record<string, Datapoint>> = {};
  #last: Pick<History, "lastOut" | "lastIn"> = {};
  #reconcileDue = FIRST_RECONCILE;
  readonly actions: SimulatedAction[] = [];

  constructor(fleet: SimulatedFleet, { limits, thresholds, trustOldReadings = false }: KasOptions) {
    this.#fleet = fleet;
    this.#limits = limits;
    this.#trustOldReadings = trustOldReadings;
    const ids = fleet.machines.map(({ id }) => id);
    this.#alarms = policyOf(limits, "alarms") && new SimulatedAlarms(FLEET, ids, fleet.world, thresholds);
    const { stabilization = DEFAULT_STABILIZATION } = policyOf(limits, "target") ?? {};
    this.#load = hasCapacityPolicy(limits)
      ? new LoadWindow(fleet.world.scrapeDelay !== undefined, stabilization)
      : undefined;
    const adaptive = policyOf(limits, "adaptive");
    this.#learner = adaptive && new Learner(adaptive);
    this.#camera = new Camera(fleet);
  }

  /**
   * Makes the decisions that are due at this second.
   *
   * @param arrived the datapoints that became readable at this second
   */
  tick(arrived: Arrived | undefined): void {
    const { now, world } = this.#fleet;
    const points = world.scrapeDelay === undefined ? arrived?.cloudwatch : arrived?.long;
    if (points !== undefined) this.#noteCpu(points);
    const changes = this.#alarms?.observe(arrived?.cloudwatch, now) ?? [];
    for (const alarm of changes) this.#evaluate({ kind: "notification", alarm });
    const point = this.#load?.note(arrived);
    if (point !== undefined) {
      this.#learn(point);
      this.#evaluate({ kind: "telemetry" });
    }
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

  #learn(point: LoadPoint): void {
    const { machines, world: { scrapeDelay, metricDelay } } = this.#fleet;
    const { min = 1, max = machines.length } = this.#limits;
    const lead = leadOf(point, (scrapeDelay ?? metricDelay) * 1_000);
    this.#learner?.note({ at: endOf(point), span: point.span, demand: demandOf(point) }, { min, max, lead });
  }

  /** Notes the CPU of instances. An instance without a new datapoint keeps its last one. */
  #noteCpu({ began, cpu }: Datapoints): void {
    const at = began * 1_000;
    const known: Record<string, Datapoint> = { ...this.#cpu };
    for (const [id, percent] of cpu) known[id] = { percent, at };
    this.#cpu = known;
  }

  /** Returns the CPU of instances. Omits datapoints from before the last start of an instance. */
  #cpuOf(instances: readonly Instance[]): Record<string, Datapoint> {
    const now = this.#fleet.now * 1_000;
    const cpu: Record<string, Datapoint> = {};
    for (const { id, launched = Infinity } of instances) {
      const point = this.#cpu[id];
      if (point === undefined || point.at < launched) continue;
      cpu[id] = this.#trustOldReadings ? { ...point, at: now } : point;
    }
    return cpu;
  }

  #observe(): Observation {
    const { instances, inProgress, ...history } = this.#camera.look();
    const adaptive = this.#learner?.view();
    return {
      now: this.#fleet.now * 1_000,
      fleet: FLEET,
      limits: this.#limits,
      instances,
      alarms: this.#alarms?.describe() ?? [],
      cpu: this.#cpuOf(instances),
      inProgress,
      history: { ...this.#last, ...history },
      ...(this.#load === undefined ? {} : { load: this.#load.view() }),
      ...(adaptive === undefined ? {} : { adaptive }),
    };
  }
}
