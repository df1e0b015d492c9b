/**
 * What happens to instances over time: pending → running → stopping → stopped, with a machine under each that runs. The same
 * for a start by an API call and for the base that is there from the start.
 *
 * @module
 */
import type { AddressPool } from "../machines/addresses.ts";
import type { MakeMachine } from "../machines/machine.ts";
import type { Clock, Machine } from "../wire/service.ts";
import type { Instance, World } from "../world.ts";

/** How long a terminated instance can still be seen, ms of sandbox time. Source: EC2, TerminateInstances: about an hour. */
const TERMINATED_VISIBLE = 3_600_000;

/** What a lifecycle is made of. */
export interface LifecycleOptions {
  readonly clock: Clock;
  readonly world: World;
  readonly addresses: AddressPool;
  readonly machine: MakeMachine;
  /** From pending to running, ms of sandbox time. */
  readonly boot: number;
  /** From stopping to stopped, ms of sandbox time. */
  readonly shutdown: number;
}

/** Moves instances through their states; disposing of it stops every machine. */
export class Lifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #timers = new Set<Disposable>();
  /** Machines that are being shut down, by instance id. */
  readonly #ending = new Map<string, Promise<void>>();

  #disposed = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** The machines of running instances by instance id. */
  machines(): ReadonlyMap<string, Machine> {
    const { instances } = this.#options.world.now;
    return new Map([...this.#machines].filter(([id]) => instances.get(id)?.state === "running"));
  }

  /** Starts an instance that is stopped or new; it is pending at once. */
  start(id: string): void {
    const { clock, world, boot } = this.#options;
    const machine = this.#powerOn(id);
    world.updateInstance(id, {
      state: "pending",
      launched: clock.now(),
      transitionReason: "",
      stateReason: undefined,
    });
    this.#after(boot, () => {
      // It may have been terminated, or stopped and started again, while it was booting.
      if (this.#machines.get(id) === machine) world.updateInstance(id, { state: "running", everRan: true });
    });
  }

  /** Has an instance running without a boot: what was started before the sandbox was. */
  startedBefore(id: string): void {
    this.#powerOn(id);
    this.#options.world.updateInstance(id, { state: "running", everRan: true });
  }

  /** Stops a running instance; it is stopping at once. */
  stop(id: string): void {
    this.#end(id, "stopping", "stopped", () => {});
  }

  /** Terminates an instance; one that runs is shutting-down at once, any other terminated. */
  terminate(id: string): void {
    const { world, addresses } = this.#options;
    this.#end(id, "shutting-down", "terminated", ({ address }) => {
      addresses.release(address);
      this.#after(TERMINATED_VISIBLE, () => world.dropInstance(id));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    await Promise.all([...this.#machines.keys(), ...this.#ending.keys()].map((id) => this.#powerOff(id)));
  }

  #end(
    id: string,
    during: "stopping" | "shutting-down",
    end: "stopped" | "terminated",
    then: (instance: Instance) => void,
  ): void {
    const { clock, world, shutdown } = this.#options;
    const instance = world.now.instances.get(id);
    if (instance === undefined) return;
    const [code, what] = end === "stopped"
      ? ["Client.UserInitiatedShutdown", "shutdown"]
      : ["Client.UserInitiatedTermination", "termination"];
    const reasons = {
      transitionReason: `User initiated (${
        new Date(clock.now()).toISOString().slice(0, 19).replace("T", " ")
      } GMT)`,
      stateReason: { code, message: `${code}: User initiated ${what}` },
    };
    if (instance.state === "stopped") {
      world.updateInstance(id, { state: end, ...reasons });
      return then(instance);
    }
    const off = this.#powerOff(id);
    world.updateInstance(id, { state: during, ...reasons });
    this.#after(shutdown, async () => {
      await off;
      // A termination may have overtaken a stop.
      if (world.now.instances.get(id)?.state !== during) return;
      world.updateInstance(id, { state: end });
      then(instance);
    });
  }

  #powerOn(id: string): Machine | undefined {
    const instance = this.#options.world.now.instances.get(id);
    if (instance === undefined) return undefined;
    const machine = this.#options.machine({ id, address: instance.address });
    this.#machines.set(id, machine);
    return machine;
  }

  /** Resolves once an instance's machine is off. */
  #powerOff(id: string): Promise<void> {
    const machine = this.#machines.get(id);
    this.#machines.delete(id);
    if (machine === undefined) return this.#ending.get(id) ?? Promise.resolve();
    const off = Promise.resolve(machine[Symbol.asyncDispose]()).finally(() => this.#ending.delete(id));
    this.#ending.set(id, off);
    return off;
  }

  #after(ms: number, callback: () => void): void {
    if (this.#disposed) return;
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}
