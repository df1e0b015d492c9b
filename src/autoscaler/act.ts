/**
 * The way in (R9) and the way out (R10) of one instance, step by step. Each step looks at the world before it acts, so
 * that either way can be entered again at any point, by a restart for one (R13).
 *
 * @module
 */
import { deregister, register, registrations } from "../aws/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { code, explain, isCapacity, isIncorrectState, isOutOfReach, isThrottled } from "../aws/errors.ts";
import {
  type Ec2Instance,
  type FleetSelector,
  instance as describe,
  quarantine,
  startInstance,
  stopInstance,
} from "../aws/instances.ts";
import { exempt, type Registration, WORKER_PORT } from "../scaling/fleet.ts";
import type { Journal } from "./journal.ts";
import { type Clock, DeadlineError, until } from "./wait.ts";

/** The fleet and its load balancer. */
export interface Fleet extends FleetSelector {
  readonly loadBalancer: string;
}

/** The world that activities act on, and how long they wait for it. Times are ms. */
export interface World {
  readonly aws: Aws;
  readonly fleet: Fleet;
  /** Where an instance's worker is reached from here: a host name or address. */
  readonly address: (instance: Ec2Instance) => string | undefined;
  /** The longest wait for each step of the way in. */
  readonly startTimeout: number;
  /** The longest wait for each step of the way out. */
  readonly drainTimeout: number;
  readonly clock: Clock;
}

/** An instance that an activity is at, and how it goes about it. */
export interface Errand {
  readonly world: World;
  readonly journal: Journal;
  /** The activity's id. */
  readonly activity: number;
  /** The instance's id. */
  readonly id: string;
  /** The instance as it was just seen; undefined: look first. */
  readonly seen?: Ec2Instance | undefined;
  /** Ends the errand where it stands; a call under way is waited for. */
  readonly signal: AbortSignal;
}

/**
 * An instance that can't be brought in, or not be taken out. `blame` tells whether the instance is at fault, and so to be
 * kept from the next decision (R7), or only the circumstances are.
 */
export class ErrandError extends Error {
  override readonly name = "ErrandError";
  constructor(message: string, readonly blame: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The longest time between two looks at EC2 or ELB, ms: every tool of the account shares their limits. */
const AWS_PACE = 3_000;

/** The longest time between two pings of a worker, ms. */
const PING_PACE = 1_000;

/** How long a worker's answer to one ping is waited for, ms. */
const PING_TIMEOUT = 2_000;

/**
 * Brings an instance into service: started if it is stopped, once it has stopped if it is stopping; running; its worker
 * answers; registered; InService.
 *
 * @throws {ErrandError}
 */
export async function bringIn(errand: Errand): Promise<void> {
  const { world: { aws, fleet, startTimeout }, id } = errand;
  let now = errand.seen ?? await settled(errand, `a look at ${id}`, startTimeout, () => look(errand));
  const unfit = exempt({ ...now, registration: "none" });
  if (unfit !== undefined) throw new ErrandError(`${id}: ${unfit}`, false);
  if (now.state === "stopping") {
    now = await step(errand, "stopped", startTimeout, `${id} stopped`, async () => {
      const seen = await look(errand);
      return seen.state === "stopping" ? undefined : seen;
    });
  }
  if (now.state === "stopped") {
    await step(errand, "started", startTimeout, `the start of ${id}`, () => start(errand));
  }
  if (now.state !== "running") {
    now = await step(errand, "running", startTimeout, `${id} running`, running(errand));
  }
  await step(errand, "healthy", startTimeout, `an answer of ${id}'s worker`, ping(errand, now), PING_PACE);
  await step(errand, "registered", startTimeout, `the registration of ${id}`, async () => {
    await register(aws, fleet.loadBalancer, id);
    return true;
  });
  await step(errand, "in-service", startTimeout, `${id} InService`, async () => {
    return await registration(errand) === "in-service" ? true : undefined;
  });
}

/** Undoes a way in that failed: out of the load balancer, stopped, and if it is to blame kept out of scaling (R7, R9). */
export async function undo(errand: Errand, reason: string, blame: boolean): Promise<void> {
  const { world: { aws, fleet, drainTimeout }, id } = errand;
  let marked = !blame;
  await step(errand, "undone", drainTimeout, `${id} deregistered and stopped`, async () => {
    const { role, autoScalingGroup, state } = await look(errand);
    if (role !== "node" || autoScalingGroup !== undefined || state === "terminated") return true;
    if (!marked) await quarantine(aws, id, reason);
    marked = true;
    await deregister(aws, fleet.loadBalancer, id);
    if (state === "stopped" || state === "stopping") return true;
    try {
      await stopInstance(aws, id);
    } catch (error) {
      // One that never ran can't be stopped before it does.
      if (!isIncorrectState(error)) throw error;
      return undefined;
    }
    return true;
  });
}

/**
 * Takes an instance out of service: deregistered, drained, looked at once more, stopped.
 *
 * It is not stopped before it is drained, however long that takes: one that does not drain in time is registered again.
 *
 * @param commit called right before StopInstances, from where on there is no taking back
 * @throws {ErrandError}
 */
export async function takeOut(errand: Errand, commit: () => void): Promise<void> {
  const { world: { aws, fleet, drainTimeout }, id } = errand;
  await step(errand, "deregistered", drainTimeout, `the deregistration of ${id}`, async () => {
    await deregister(aws, fleet.loadBalancer, id);
    return true;
  });
  try {
    await step(errand, "drained", drainTimeout, `${id} drained`, async () => {
      return await registration(errand) === "none" ? true : undefined;
    });
  } catch (error) {
    if (!(error instanceof ErrandError)) throw error;
    await step(errand, "put-back", drainTimeout, `the registration of ${id}`, async () => {
      await register(aws, fleet.loadBalancer, id);
      return true;
    });
    throw new ErrandError(`${error.message}; it is registered again`, false, { cause: error });
  }
  await step(errand, "looked-at", drainTimeout, `a look at ${id}`, async () => {
    const [{ role, autoScalingGroup }, standing] = await Promise.all([look(errand), registration(errand)]);
    if (role !== "node" || autoScalingGroup !== undefined) {
      throw new ErrandError(`${id} is no node any more`, false);
    }
    if (standing !== "none") throw new ErrandError(`${id} was registered again by someone else`, false);
    return true;
  });
  errand.signal.throwIfAborted();
  commit();
  await step(errand, "stopping", drainTimeout, `the stop of ${id}`, () => stopInstance(aws, id));
  await step(errand, "stopped", drainTimeout, `${id} stopped`, async () => {
    const { state } = await look(errand);
    return state === "running" || state === "stopping" ? undefined : true;
  });
}

/** StartInstances. EC2 refuses it while the instance is stopping, which a look that lags behind may not show. */
async function start(errand: Errand): Promise<true | undefined> {
  const { world: { aws }, id } = errand;
  try {
    await startInstance(aws, id);
    return true;
  } catch (error) {
    if (!isIncorrectState(error)) throw error;
    const { state } = await look(errand);
    if (state === "shutting-down" || state === "terminated") {
      throw new ErrandError(`${id} is ${state}`, false);
    }
    return undefined;
  }
}

/** Looks whether an instance runs. */
function running(errand: Errand): () => Promise<Ec2Instance | undefined> {
  const { id } = errand;
  let pending = false;
  return async () => {
    const instance = await look(errand);
    switch (instance.state) {
      case "running":
        return instance;
      case "pending":
        pending = true;
        return undefined;
      case "stopped":
        // EC2's answers lag behind, so only one that was seen to start has failed to. Source: EC2 user guide, "Troubleshoot
        // instance launch issues".
        if (pending) throw new ErrandError(`${id} stopped while it was starting`, true);
        return undefined;
      case "stopping":
      case "shutting-down":
      case "terminated":
        throw new ErrandError(`${id} is ${instance.state}`, false);
      default:
        return instance.state satisfies never;
    }
  };
}

/** Pings an instance's worker. */
function ping({ world, id, signal }: Errand, instance: Ec2Instance): () => Promise<true | undefined> {
  const host = world.address(instance);
  if (host === undefined) throw new ErrandError(`${id} has no address to reach its worker at`, true);
  return async () => {
    try {
      const response = await fetch(`http://${host}:${WORKER_PORT}/ping`, {
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(PING_TIMEOUT)]),
      });
      await response.body?.cancel();
      return response.status === 200 ? true : undefined;
    } catch {
      // A worker that can't be reached is one that is not healthy; if it was the signal, the wait ends by it.
      return undefined;
    }
  };
}

async function look({ world: { aws, fleet }, id, signal }: Errand): Promise<Ec2Instance> {
  const instance = await describe(aws, id, signal, fleet.fleet);
  if (instance === undefined) throw new ErrandError(`${id} does not exist`, false);
  return instance;
}

async function registration({ world: { aws, fleet }, id, signal }: Errand): Promise<Registration> {
  return (await registrations(aws, fleet.loadBalancer, signal)).get(id) ?? "none";
}

/** Takes a step: on record before and after, tried or looked at until it is so. */
function step<T>(
  errand: Errand,
  name: string,
  timeout: number,
  what: string,
  attempt: () => Promise<T | undefined>,
  pace: number = AWS_PACE,
): Promise<T> {
  const { journal, activity, id, signal, world: { clock } } = errand;
  return journal.step(activity, id, name, {
    now: clock.now,
    signal,
    take: () => settled(errand, what, timeout, attempt, pace),
  });
}

/** Waits, and tells errors that a later attempt may not meet from those that end the errand. */
async function settled<T>(
  { signal, world: { clock } }: Errand,
  what: string,
  timeout: number,
  attempt: () => Promise<T | undefined>,
  pace: number = AWS_PACE,
): Promise<T> {
  try {
    return await until(attempt, { what, timeout, pace, signal, clock, fatal: (error) => !passing(error) });
  } catch (error) {
    if (error instanceof DeadlineError) {
      // If AWS would not even say how the instance is, it is not the instance's fault.
      const cause = error.cause === undefined ? "" : `: ${explain(error.cause).message}`;
      throw new ErrandError(error.message + cause, error.cause === undefined, { cause: error });
    }
    if (code(error) !== undefined) {
      throw new ErrandError(explain(error).message, isCapacity(error), { cause: error });
    }
    throw error;
  }
}

function passing(error: unknown): boolean {
  if (isThrottled(error) || isOutOfReach(error)) return true;
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode ??
    0;
  return status >= 500 && !isCapacity(error);
}
