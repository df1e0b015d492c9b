/**
 * A lab as those who act on one of its fleets see it.
 *
 * @module
 */
import type { HttpPost } from "../../../src/sandbox/sns/message.ts";
import type { Inbox } from "../../../src/autoscaler/store/inbox.ts";
import type { Journal } from "../../../src/autoscaler/store/journal.ts";
import type { Store } from "../../../src/autoscaler/store/store.ts";
import { type Cloud, topicArnOf } from "./cloud.ts";
import { type FleetPlan, nameOf } from "./fleet_plan.ts";
import type { Lab } from "./lab.ts";

/** A fleet of the running autoscaler. */
export interface FleetRun {
  readonly store: Store;
  readonly journal: Journal;
  readonly inbox: Inbox;
  /** Passes an operator's request for the fleet to the autoscaler. */
  operate(request: Request): Promise<Response>;
}

/** The members of a lab for those who act on one fleet. The lab itself has them for its first fleet. */
export interface FleetLab
  extends Pick<Lab, "time" | "plan" | "cloud" | "alive" | "clock" | "id" | "message" | "deliver" | "pass"> {
  readonly kas: FleetRun;
}

/** Returns the view of those who act on the fleet at a place of the lab's plans. */
export function fleetOf(lab: Lab, place: number): FleetLab {
  return new FleetView(lab, place);
}

class FleetView implements FleetLab {
  readonly cloud: Cloud;
  readonly plan: FleetPlan;
  readonly #lab: Lab;
  readonly #place: number;

  constructor(lab: Lab, place: number) {
    const [plan, fleet] = [lab.plans[place], lab.cloud.fleets[place]];
    if (plan === undefined || fleet === undefined) throw new Error(`the lab has no fleet ${place}`);
    this.#lab = lab;
    this.#place = place;
    this.plan = plan;
    this.cloud = { ...lab.cloud, ...fleet };
  }

  get time(): Lab["time"] {
    return this.#lab.time;
  }

  get alive(): boolean {
    return this.#lab.alive;
  }

  get clock(): number {
    return this.#lab.clock;
  }

  get kas(): FleetRun {
    const { kas } = this.#lab;
    const { autoscaler: { store, journal }, inbox } = kas.fleet(this.#place);
    return {
      store,
      journal,
      inbox,
      operate: (request) => kas.operate(new Request(`${request.url}?fleet=${nameOf(this.plan)}`, request)),
    };
  }

  id(place: number): string {
    return this.cloud.ids[place] ?? "";
  }

  message(text: string, id: string): HttpPost {
    return this.#lab.message(text, id, topicArnOf(this.plan));
  }

  deliver(post: HttpPost): Promise<number> {
    return this.#lab.deliver(post);
  }

  pass(ms: number): Promise<void> {
    return this.#lab.pass(ms);
  }
}
