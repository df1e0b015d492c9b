/**
 * The invariants of a soak. The test checks them after each change in the sandbox, and before each call of the
 * autoscaler takes effect.
 *
 * @module
 */
import type { InstanceView, Sandbox } from "../../../src/sandbox/sandbox.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import { INSTANCE_PORT } from "../../unit/sandbox/machines.ts";

/** The bounds of the fleet. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** How long a joining or leaving node may run unregistered, including restarts of the autoscaler, ms. */
  readonly unregistered: number;
}

/** The calls that AWS received. */
export interface Acts {
  starts: number;
  stops: number;
  registrations: number;
  deregistrations: number;
  /** Deregistrations of an instance with requests in progress. */
  busy: number;
}

/** Checks a sandbox's fleet until its disposal. */
export class Invariants implements Disposable {
  /** A line for each violation. */
  readonly broken = new Set<string>();
  readonly acts: Acts = { starts: 0, stops: 0, registrations: 0, deregistrations: 0, busy: 0 };
  readonly #sandbox: Sandbox;
  readonly #bounds: Bounds;
  readonly #end = new AbortController();
  readonly #unregistered = new Map<string, number>();
  #most = 0;

  constructor(sandbox: Sandbox, bounds: Bounds) {
    this.#sandbox = sandbox;
    this.#bounds = bounds;
    // The condition is checked after each change, so that no violation is missed.
    sandbox.account.waitUntil(() => {
      this.#changed();
      return false;
    }, this.#end.signal).catch(() => {
      // The wait ends only at the disposal.
    });
  }

  /** The greatest number of instances that were in service at the same time. */
  get most(): number {
    return this.#most;
  }

  /** The number of instances in service. */
  get inService(): number {
    return this.#sandbox.account.instances().filter(inService).length;
  }

  /** Checks a call before its effect, and counts it afterwards. */
  async passing({ action, input, moment }: CallEvent): Promise<void> {
    for (const id of idsOf(input)) {
      const instance = this.#sandbox.account.instances().find((each) => each.id === id);
      if (instance === undefined) continue;
      if (moment === "before") await this.#judge(action, instance);
      else this.#count(action, instance);
    }
  }

  /** Checks durations. Must be called several times per second. */
  look(now: number = performance.now()): void {
    for (const { id, role, state, registration } of this.#sandbox.account.instances()) {
      if (role !== "node" || state !== "running" || registration !== "none") this.#unregistered.delete(id);
      else if (!this.#unregistered.has(id)) this.#unregistered.set(id, now);
      else if (now - (this.#unregistered.get(id) ?? now) > this.#bounds.unregistered) {
        this.broken.add(`${id} runs unregistered for more than ${this.#bounds.unregistered / 1_000} s`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #judge(
    action: string,
    { id, role, state, registration, address }: InstanceView,
  ): Promise<void> {
    switch (action) {
      case "StopInstances":
        if (role !== "node") this.broken.add(`I1: StopInstances of the ${role} ${id}`);
        if (registration !== "none") this.broken.add(`I4: StopInstances of ${id}, which is ${registration}`);
        break;
      case "DeregisterInstancesFromLoadBalancer":
        if (role !== "node") this.broken.add(`I1: the ${role} ${id} is deregistered`);
        if (registration === "in-service" && this.inService <= this.#bounds.min) {
          this.broken.add(
            `I2: ${id} is taken out, and only ${this.inService} are in service: ${this.#fleet()}`,
          );
        }
        break;
      case "RegisterInstancesWithLoadBalancer":
        if (state !== "running" || !await answers(address)) {
          this.broken.add(`I5: ${id} is registered, ${state} and not healthy`);
        }
        break;
    }
  }

  /** The fleet as text, for a violation. */
  #fleet(): string {
    return this.#sandbox.account.instances().map(({ id, state, registration }) =>
      `${id} ${state} ${registration}`
    )
      .join(", ");
  }

  #count(action: string, { id, role, registration }: InstanceView): void {
    if (action === "StartInstances") this.acts.starts++;
    if (action === "StopInstances") this.acts.stops++;
    if (action === "RegisterInstancesWithLoadBalancer") this.acts.registrations++;
    if (action === "DeregisterInstancesFromLoadBalancer") this.acts.deregistrations++;
    if (action === "DeregisterInstancesFromLoadBalancer" && registration === "draining") this.acts.busy++;
    if (action === "TerminateInstances") this.broken.add(`the ${role} ${id} is terminated`);
  }

  #changed(): void {
    const instances = this.#sandbox.account.instances();
    const serving = instances.filter(inService).length;
    this.#most = Math.max(this.#most, serving);
    if (serving > this.#bounds.max) this.broken.add(`I2: ${serving} in service, max ${this.#bounds.max}`);
    for (const { id, role, state, registration } of instances) {
      if (role === "base" && state !== "running") this.broken.add(`I1: the base ${id} is ${state}`);
      if ((state === "stopping" || state === "stopped") && registration !== "none") {
        this.broken.add(`R13: ${id} is ${state}, and ${registration} at the load balancer`);
      }
    }
  }
}

function inService({ state, registration }: InstanceView): boolean {
  return state === "running" && registration === "in-service";
}

/** The instances of a call of EC2 or ELB. */
function idsOf(input: CallEvent["input"]): string[] {
  const { InstanceIds, Instances } = input;
  const ids = Array.isArray(InstanceIds) ? InstanceIds : [];
  const shapes = Array.isArray(Instances) ? Instances : [];
  return [...ids, ...shapes.map((each) => (each as { InstanceId?: unknown }).InstanceId)].map(String);
}

async function answers(address: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${address}:${INSTANCE_PORT}/ping`);
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
