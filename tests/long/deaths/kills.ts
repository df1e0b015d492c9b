/**
 * The ways in which instances die, and the instances that are dead or sick.
 *
 * @module
 */
import type { Truth } from "../../support/lab/cloud.ts";
import type { Lab } from "../../support/lab/lab.ts";
import { integer, type Random } from "./fleets.ts";

/** The ways in which an instance ends: it leaves the EC2 state `running`. */
const ENDS = ["terminated", "stopped-by-hand", "ended"] as const;

/** The ways in which an instance keeps running and serves nobody. A stop and a start repair it. */
const SICKNESSES = ["dies", "hangs", "unhealthy", "impaired"] as const;

/** A way in which an instance dies. */
export type Kill = typeof ENDS[number] | typeof SICKNESSES[number];

/** Whether an instance that died in this way still runs. */
export function isSickness(kill: Kill): boolean {
  return SICKNESSES.some((sickness) => sickness === kill);
}

/** After this time in service, in ms, the autoscaler knows that an instance serves. The autoscaler is never down for as long. */
const SETTLED = 40_000;

/** The death of an instance. Times are in ms since the lab began. */
export interface Death {
  readonly id: string;
  readonly kill: Kill;
  readonly at: number;
  /** When the sickness ends by itself. `Infinity` if it does not. */
  readonly until: number;
}

/** Kills instances, and knows which are sick. */
export class Killer {
  readonly deaths: Death[] = [];
  /** When sick instances recovered without a restart. */
  readonly recoveries: number[] = [];
  readonly #lab: Lab;
  readonly #random: Random;
  readonly #sick = new Map<string, Death>();
  readonly #servesSince = new Map<string, number>();

  constructor(lab: Lab, random: Random) {
    this.#lab = lab;
    this.#random = random;
  }

  /** Whether an instance runs, is in service at the load balancer, and is well. */
  serves({ id, state, registration }: Truth): boolean {
    return state === "running" && registration === "in-service" && !this.#sick.has(id);
  }

  /**
   * Returns the instances that have been serving for {@linkcode SETTLED}. The start of any other instance may still be in progress, and
   * other time limits apply to it.
   */
  settled(): Truth[] {
    const { cloud, time } = this.#lab;
    return cloud.fleet().filter((it) =>
      this.serves(it) && time.passed - (this.#servesSince.get(it.id) ?? Infinity) >= SETTLED
    );
  }

  /** Whether an instance is sick. */
  isSick(id: string): boolean {
    return this.#sick.has(id);
  }

  /** Kills an instance. */
  async kill(id: string, kill: Kill): Promise<void> {
    const { cloud, time } = this.#lab;
    // Half of the sicknesses end by themselves, some of them before the instance counts as unhealthy.
    const lasts = isSickness(kill) && kill !== "dies" && this.#random() < 0.5
      ? integer(this.#random, 60, 1_200) * 1_000
      : Infinity;
    const death = { id, kill, at: time.passed, until: time.passed + lasts };
    this.deaths.push(death);
    if (isSickness(kill)) this.#sick.set(id, death);
    switch (kill) {
      case "terminated":
        return void await cloud.elsewhere("ec2", "TerminateInstances", { InstanceIds: [id] });
      case "stopped-by-hand":
        return void await cloud.elsewhere("ec2", "StopInstances", { InstanceIds: [id] });
      case "ended":
        return cloud.faults.set(`ends=${id}`);
      case "dies":
        return cloud.faults.set(`dies=${id}`);
      case "hangs":
      case "unhealthy":
      case "impaired":
        return cloud.faults.set(`${kill}=${id}${lasts === Infinity ? "" : `:${lasts}ms`}`);
      default:
        return kill satisfies never;
    }
  }

  /** Notes which instances serve, and which are not sick any more. Call this method at least once a second. */
  update(): void {
    const { cloud, time } = this.#lab;
    for (const [id, { kill, until }] of this.#sick) {
      const restarted = cloud.truth(id)?.state !== "running";
      if (!restarted && time.passed < until) continue;
      this.#sick.delete(id);
      if (!restarted) this.recoveries.push(time.passed);
      if (kill === "unhealthy") cloud.faults.unhealthy.delete(id);
    }
    const serving = cloud.fleet().filter((it) => this.serves(it)).map(({ id }) => id);
    for (const id of serving) if (!this.#servesSince.has(id)) this.#servesSince.set(id, time.passed);
    for (const id of this.#servesSince.keys()) if (!serving.includes(id)) this.#servesSince.delete(id);
  }
}
