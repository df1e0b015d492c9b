/**
 * What EC2, the load balancer and the journal show of a simulated fleet. It is made anew only when an instance changes, because
 * simulations look at it up to ten thousand times a day.
 *
 * @module
 */
import type { ActivityInProgress } from "../model/activity.ts";
import { inService, type Instance, type InstanceState, type Registration } from "../model/instance.ts";
import type { SimulatedFleet } from "./fleet.ts";
import type { Machine, Phase } from "./machine.ts";

/** The state at EC2 and the registration at the load balancer in each phase. */
const ANSWERS: Readonly<Record<Phase, readonly [InstanceState, Registration]>> = {
  stopped: ["stopped", "none"],
  booting: ["running", "none"],
  registering: ["running", "out-of-service"],
  "in-service": ["running", "in-service"],
  draining: ["running", "draining"],
  stopping: ["stopping", "none"],
};

/** What an observation shows of the fleet. */
export interface Image {
  readonly instances: readonly Instance[];
  readonly inProgress: readonly ActivityInProgress[];
  /** When each instance came into service, in ms. */
  readonly inServiceSince: Readonly<Record<string, number>>;
  /** When an observation last showed a change of the set of instances in service, in ms. */
  readonly capacityChanged?: number;
}

/** Looks at a fleet. */
export class Camera {
  readonly #fleet: SimulatedFleet;
  #image: Image = { instances: [], inProgress: [], inServiceSince: {} };
  /** The number of changes that the image shows. */
  #changes = -1;

  constructor(fleet: SimulatedFleet) {
    this.#fleet = fleet;
  }

  /** Returns what the fleet looks like now. */
  look(): Image {
    const { machines, changes } = this.#fleet;
    if (changes === this.#changes) return this.#image;
    this.#changes = changes;
    const instances = machines.map(instanceOf);
    this.#image = {
      instances,
      inProgress: machines.flatMap(activityOf),
      ...this.#inService(instances),
    };
    return this.#image;
  }

  /** Returns since when each instance has been in service: as in the journal, since an observation first showed it in service. */
  #inService(instances: readonly Instance[]): Pick<Image, "inServiceSince" | "capacityChanged"> {
    const { machines, now } = this.#fleet;
    const { inServiceSince: before, capacityChanged: last } = this.#image;
    let changed = instances.some((it) => before[it.id] !== undefined && !inService(it)) ? now * 1_000 : last;
    const since = instances.flatMap((instance, i) => {
      if (!inService(instance)) return [];
      const known = before[instance.id];
      if (known !== undefined) return [[instance.id, known] as const];
      const { started = 0 } = machines[i] ?? {};
      if (started < 0) return [[instance.id, started * 1_000] as const];
      changed = now * 1_000;
      return [[instance.id, changed] as const];
    });
    return {
      inServiceSince: Object.fromEntries(since),
      ...(changed === undefined ? {} : { capacityChanged: changed }),
    };
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
