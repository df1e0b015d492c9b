/**
 * Faults of AWS, changes that other people with access to the account make, and commands of operators.
 *
 * @module
 */
import type { Direction } from "../../../src/scaling/model/activity.ts";
import { TEMPLATE } from "../../support/lab/cloud.ts";
import type { FleetLab } from "../../support/lab/fleet_lab.ts";
import { faultsOf, type FleetPlan, nameOf } from "../../support/lab/fleet_plan.ts";
import { operate } from "../../support/lab/operator.ts";
import type { Referee } from "../../support/lab/referee.ts";
import type { Event } from "./events.ts";

/** How long a lack of capacity lasts that ends by itself. */
const LACK = "5m";

/** Sets faults in a lab and interferes with the instances of a fleet. */
export class Interference {
  readonly #lab: FleetLab;
  readonly #referee: Referee;

  constructor(lab: FleetLab, referee: Referee) {
    this.#lab = lab;
    this.#referee = referee;
  }

  /** Sets a fault. Returns whether it is a fault of AWS, which affects all fleets. */
  fault({ kind, at }: Event & { readonly what: "fault" }): boolean {
    const { faults, machines } = this.#lab.cloud;
    const id = this.#id(at);
    switch (kind) {
      case "throttle":
      case "errors":
      case "cut":
        faults[kind] = 0.3;
        break;
      case "wedge":
        faults.wedge = 0.1;
        break;
      case "latency":
        faults.latency = 2_000;
        break;
      case "stale-reads":
        faults.staleReads = 5_000;
        break;
      case "unhealthy":
        faults.unhealthy.add(id);
        this.#referee.broke(id);
        break;
      case "no-capacity":
        faults.noCapacity.add(at === 0 ? TEMPLATE : id);
        return false;
      case "short-of-capacity":
        faults.set(`no-capacity=${at === 0 ? TEMPLATE : id}:${LACK}`);
        return false;
      case "protected":
        // If its start fails, kas cannot stop it, and leaves it to the person who protected it.
        this.#referee.interfered(id);
        faults.protectedInstances.add(id);
        return false;
      case "broken-worker":
        machines.broken.add(id);
        this.#referee.broke(id);
        return false;
      default:
        return kind satisfies never;
    }
    return true;
  }

  /** Ends every fault but those that the lab began with. `plan` says which. */
  calm(plan: FleetPlan): void {
    const { cloud: { faults, machines } } = this.#lab;
    const { onCall } = faults;
    faults.clear();
    faults.onCall = onCall;
    for (const fault of faultsOf(plan)) faults.set(fault);
    // The reads of a load balancer may show a repaired worker as unhealthy for some time.
    if (machines.broken.size > 0) this.#referee.beginUncertainty();
    machines.broken.clear();
  }

  /** Interferes with an instance. */
  async meddle({ how, at }: Event & { readonly what: "meddle" }): Promise<void> {
    const id = this.#id(at);
    this.#referee.interfered(id);
    const instances = { InstanceIds: [id] };
    const registration = { LoadBalancerName: nameOf(this.#lab.plan), Instances: [{ InstanceId: id }] };
    const tag = { Resources: [id], Tags: [{ Key: "kas:quarantine", Value: "by hand" }] };
    const protection = { Resources: [id], Tags: [{ Key: "kas:protected", Value: "true" }] };
    const maintenance = { Resources: [id], Tags: [{ Key: "kas:detached", Value: "2026-01-05T09:00:00Z" }] };
    const register = ["elb", "RegisterInstancesWithLoadBalancer", registration] as const;
    const deregister = ["elb", "DeregisterInstancesFromLoadBalancer", registration] as const;
    const acts = {
      terminate: [["ec2", "TerminateInstances", instances]],
      stop: [["ec2", "StopInstances", instances]],
      start: [["ec2", "StartInstances", instances]],
      register: [register],
      deregister: [deregister],
      quarantine: [["ec2", "CreateTags", tag]],
      release: [["ec2", "DeleteTags", tag]],
      protect: [["ec2", "CreateTags", protection]],
      unprotect: [["ec2", "DeleteTags", protection]],
      detach: [["ec2", "CreateTags", maintenance], deregister],
      attach: [register, ["ec2", "DeleteTags", maintenance]],
    } as const;
    for (const [service, action, input] of acts[how]) {
      await this.#lab.cloud.elsewhere(service, action, input);
    }
  }

  /** Lets an instance fail, now or as soon as it runs. */
  fail({ how, at, s }: Event & { readonly what: "death" }): void {
    const id = this.#id(at);
    this.#referee.interfered(id);
    this.#referee.broke(id);
    const lasts = s > 0 && (how === "hangs" || how === "impaired") ? `:${s}s` : "";
    this.#lab.cloud.faults.set(`${how}=${id}${lasts}`);
  }

  /** Pauses the scaling. */
  async pause({ directions, s }: Event & { readonly what: "pause" }): Promise<void> {
    const until = s === 0 ? undefined : this.#lab.clock + s * 1_000;
    const answer = await operate(this.#lab, "pause", {
      directions,
      ...(until === undefined ? {} : { until }),
    });
    this.#referee.paused(directions, until ?? Infinity, answer?.status === 200);
  }

  /** Resumes the scaling. */
  async resume(directions: readonly Direction[]): Promise<void> {
    this.#referee.resumed(directions);
    await operate(this.#lab, "resume", { directions });
  }

  /** The id of an instance by its place in the plan. After the last place, the places begin again at the first. */
  #id(at: number): string {
    return this.#lab.id(at % this.#lab.cloud.ids.length);
  }
}
