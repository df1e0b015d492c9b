/**
 * Moves instances through EC2's states: pending → running → stopping → stopped. Each running instance has a simulated
 * machine.
 *
 * @module
 */
import type { AddressPool } from "../machines/addresses.ts";
import type { StartExporter } from "../machines/exporter.ts";
import type { MachineFactory } from "../machines/machine.ts";
import type { Clock } from "../clock.ts";
import { MachineWithBootLoad } from "../machines/boot_load.ts";
import type { Machine } from "../machines/machine.ts";
import type { Account } from "../account/account.ts";
import type { Instance } from "../account/instance.ts";
import { END_CODES, type EndCode } from "../faults/failures.ts";

/**
 * How long a terminated instance stays visible, in ms of sandbox time. Source: EC2, TerminateInstances: about an hour.
 */
const TERMINATED_VISIBLE_MS = 3_600_000;

/** Options of {@linkcode Lifecycle}. */
export interface LifecycleOptions {
  readonly clock: Clock;
  readonly account: Account;
  readonly addresses: AddressPool;
  readonly machine: MachineFactory;
  /** Returns how long the next boot takes from pending to running, in ms of sandbox time. */
  readonly boot: () => number;
  /** How long an instance is stopping before it is stopped, in ms of sandbox time. */
  readonly shutdown: number;
  /** Returns the CPU load that follows a boot, for as long as the boot took, in percent of one vCPU. Default: 0. */
  readonly bootCpu?: () => number;
  /** Starts the node_exporter of a machine. Absent: the machines have none. */
  readonly startExporter?: StartExporter | undefined;
  /** Returns whether the start of an instance ends in a stop instead of the running state. Default: false. */
  readonly startFails?: (id: string) => boolean;
}

/** Moves instances through EC2's states. Its disposal stops every simulated machine. */
export class Lifecycle implements AsyncDisposable {
  readonly #options: LifecycleOptions;
  readonly #machines = new Map<string, MachineWithBootLoad>();
  readonly #exporters = new Map<string, AsyncDisposable>();
  readonly #timers = new Set<Disposable>();
  /** Shutdowns in progress by instance id. */
  readonly #shutdowns = new Map<string, Promise<void>>();

  #disposed = false;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Returns the simulated machines of running instances, by instance id. */
  machines(): ReadonlyMap<string, Machine> {
    const { instances } = this.#options.account.current;
    return new Map([...this.#machines].filter(([id]) => instances.get(id)?.state === "running"));
  }

  /** Starts a stopped or new instance. Its state changes to `pending` immediately. */
  start(id: string): void {
    const { clock, account, bootCpu = () => 0, startFails = () => false } = this.#options;
    const boot = this.#options.boot();
    const machine = this.#powerOn(id);
    const retirement = account.current.instances.get(id)?.retirement;
    account.updateInstance(id, {
      state: "pending",
      launchedAt: clock.now(),
      transitionReason: "",
      stateReason: undefined,
      // A start moves the instance to another host.
      impairedSince: undefined,
      ...(retirement === undefined ? {} : { retirement: { ...retirement, completed: true } }),
    });
    this.#after(boot, () => {
      // During the boot, a client may have terminated the instance, or may have stopped and started the instance again.
      if (this.#machines.get(id) !== machine) return;
      if (startFails(id)) return this.#endStart(id);
      machine?.startLoad(bootCpu() / 100, boot);
      account.updateInstance(id, { state: "running", hasRun: true });
    });
  }

  /** Sets an instance to `running` immediately, as if its boot had ended before the sandbox started. */
  startWithoutBoot(id: string): void {
    this.#powerOn(id);
    this.#options.account.updateInstance(id, { state: "running", hasRun: true });
  }

  /** Stops a running instance. Its state changes to `stopping` immediately. */
  stop(id: string): void {
    this.end(id, "Client.UserInitiatedShutdown");
  }

  /** Terminates an instance. A running instance changes to `shutting-down`; an instance in any other state to `terminated`. */
  terminate(id: string): void {
    this.end(id, "Client.UserInitiatedTermination");
  }

  /** Stops or terminates an instance for a reason. Terminates an instance whose root device is an instance store: it cannot stop. */
  end(id: string, code: EndCode): void {
    const { account, addresses, shutdown } = this.#options;
    const instance = account.current.instances.get(id);
    if (instance === undefined) return;
    const end = instance.rootDevice === "instance-store" ? "terminated" : END_CODES[code].end;
    const during = end === "stopped" ? "stopping" : "shutting-down";
    const onEnd = () => {
      account.updateInstance(id, { state: end });
      if (end !== "terminated") return;
      addresses.release(instance.address);
      this.#after(TERMINATED_VISIBLE_MS, () => account.removeInstance(id));
    };
    const reasons = this.#reasons(code);
    if (instance.state === "stopped") {
      account.updateInstance(id, reasons);
      return onEnd();
    }
    const off = this.#powerOff(id);
    account.updateInstance(id, { state: during, ...reasons });
    this.#after(shutdown, async () => {
      await off;
      // A client may have terminated the instance while the instance was stopping.
      if (account.current.instances.get(id)?.state === during) onEnd();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    await Promise.all([...this.#machines.keys(), ...this.#shutdowns.keys()].map((id) => this.#powerOff(id)));
  }

  /** Ends a start that EC2 accepted. Source: EC2 user guide, troubleshooting-launch, "Client error on launch". */
  #endStart(id: string): void {
    const { account } = this.#options;
    void this.#powerOff(id);
    account.updateInstance(id, { state: "stopped", ...this.#reasons("Client.InternalError") });
  }

  #reasons(code: EndCode): Pick<Instance, "transitionReason" | "stateReason"> {
    const stateReason = { code, message: `${code}: ${END_CODES[code].message}` };
    const time = new Date(this.#options.clock.now()).toISOString().slice(0, 19).replace("T", " ");
    // EC2 adds the time only if a user caused the change.
    const isUser = code.startsWith("Client.UserInitiated");
    return { stateReason, transitionReason: isUser ? `User initiated (${time} GMT)` : code };
  }

  #powerOn(id: string): MachineWithBootLoad | undefined {
    const instance = this.#options.account.current.instances.get(id);
    if (instance === undefined) return undefined;
    const { machine: bootMachine, clock, startExporter } = this.#options;
    const machine = new MachineWithBootLoad(bootMachine({ id, address: instance.address }), clock);
    this.#machines.set(id, machine);
    if (startExporter !== undefined) this.#exporters.set(id, startExporter(machine, instance));
    return machine;
  }

  /** Shuts down an instance's simulated machine. Resolves when the machine is off. */
  #powerOff(id: string): Promise<void> {
    const machine = this.#machines.get(id);
    const exporter = this.#exporters.get(id);
    this.#machines.delete(id);
    this.#exporters.delete(id);
    if (machine === undefined) return this.#shutdowns.get(id) ?? Promise.resolve();
    const off = Promise.all([machine[Symbol.asyncDispose](), exporter?.[Symbol.asyncDispose]()])
      .then(() => {}).finally(() => this.#shutdowns.delete(id));
    this.#shutdowns.set(id, off);
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
