/**
 * The way in (R9) and the way out (R10) of one instance, step by step. Each step looks at the world before it acts, so
 * that either way can be entered again at any point, by a restart for one (R13).
 *
 * @module
 */
import { deregister, register, registrations } from "../aws/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { code, isCapacity, isIncorrectState, isOutOfReach, isThrottled } from "../aws/errors.ts";
import { type Ec2Instance, instance as describe, quarantine, startInstance, stopInstance } from "../aws/instances.ts";
import { exempt, type Registration, WORKER_PORT } from "../scaling/fleet.ts";
import type { Journal } from "./journal.ts";
import { type Clock, DeadlineError, until } from "./wait.ts";

/** The world that activities act on, and how long they wait for it. Times are ms. */
export interface World {
  readonly aws: Aws;
  readonly loadBalancer: string;
  /** Where an instance's worker is reached from here, a host name or address. */
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
  readonly activity: number;
  readonly id: string;
  /** The instance as it was just seen; undefined: look first. */
  readonly seen?: Ec2Instance | undefined;
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

/** The longest time between two looks at EC2 or ELB, ms: their describing calls are shared with every tool of the account. */
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
  const { world: { aws, loadBalancer }, id } = errand;
  let now = errand.seen ?? await look(errand);
  const unfit = exempt({ ...now, registration: "none" });
  if (unfit !== undefined) throw new ErrandError(`${id}: ${unfit}`, false);
  if (now.state === "stopping") {
    now = await step(errand, "stopped", () =>
      observed(errand, `${id} has stopped`, (instance) => (instance.state === "stopping" ? undefined : instance)));
  }
  if (now.state === "stopped") {
    await step(errand, "started", () => acted(errand, `${id} is started`, (signal) => startInstance(aws, id, signal)));
    now = { ...now, state: "pending" };
  }
  const up = await step(errand, "running", () => running(errand));
  await step(errand, "healthy", () => healthy(errand, up));
  await step(errand, "registered", () =>
    acted(errand, `${id} is registered`, (signal) => register(aws, loadBalancer, id, signal)));
  await step(errand, "in-service", () =>
    waited(errand, `${id} is InService`, async (signal) => {
      const standing = await registrations(aws, loadBalancer, signal);
      return standing.get(id) === "in-service" ? true : undefined;
    }));
}

/** Undoes a way in that failed: out of the load balancer, stopped, and if it is to blame kept out of scaling (R7, R9). */
export async function undo(errand: Errand, reason: string, blame: boolean): Promise<void> {
  const { world: { aws, loadBalancer }, id } = errand;
  await step(errand, "undone", async () => {
    if (blame) await acted(errand, `${id} is in quarantine`, () => quarantine(aws, id, reason));
    await acted(errand, `${id} is deregistered`, (signal) => deregister(aws, loadBalancer, id, signal));
    await observed(errand, `${id} is stopped`, async (instance, signal) => {
      if (instance.state === "pending" || instance.state === "running") await stopInstance(aws, id, signal);
      return true;
    });
  });
}

/**
 * Takes an instance out of service: deregistered, drained, looked at once more, stopped.
 *
 * It is not stopped before it is drained, whatever it takes: one that does not drain in time is registered again.
 *
 * @throws {ErrandError}
 */
export async function takeOut(errand: Errand, pointOfNoReturn: () => void): Promise<void> {
  const { world: { aws, loadBalancer }, id } = errand;
  const standing = async (signal: AbortSignal): Promise<Registration> =>
    (await registrations(aws, loadBalancer, signal)).get(id) ?? "none";
  await step(errand, "deregistered", () =>
    acted(errand, `${id} is deregistered`, (signal) => deregister(aws, loadBalancer, id, signal)));
  try {
    await step(errand, "drained", () =>
      waited(errand, `${id} is drained`, async (signal) => ((await standing(signal)) === "none" ? true : undefined)));
  } catch (error) {
    if (!(error instanceof ErrandError)) throw error;
    await putBack(errand);
    throw new ErrandError(`${error.message}; it is registered again`, false, { cause: error });
  }
  await step(errand, "looked-at", async () => {
    const [now, registration] = await waited(errand, `${id} is looked at`, (signal) =>
      Promise.all([look(errand, signal), standing(signal)]));
    const kept = exempt({ ...now, registration });
    if (kept !== undefined && now.role !== "node") throw new ErrandError(`${id} is not stopped: ${kept}`, false);
    if (registration !== "none") throw new ErrandError(`${id} is not stopped: it was registered again`, false);
  });
  errand.signal.throwIfAborted();
  pointOfNoReturn();
  await step(errand, "stopping", () => acted(errand, `${id} is stopped`, (signal) => stopInstance(aws, id, signal)));
  await step(errand, "stopped", () =>
    observed(errand, `${id} has stopped`, ({ state }) => (state === "running" || state === "stopping" ? undefined : true)));
}

/** Registers an instance again whose way out is given up. */
export async function putBack(errand: Errand): Promise<void> {
  const { world: { aws, loadBalancer }, id } = errand;
  await step(errand, "put-back", () =>
    acted(errand, `${id} is registered`, (signal) => register(aws, loadBalancer, id, signal)));
}

function running(errand: Errand): Promise<Ec2Instance> {
  const { id } = errand;
  let started = false;
  return observed(errand, `${id} is running`, (instance) => {
    started ||= instance.state === "pending";
    switch (instance.state) {
      case "running":
        return instance;
      case "stopped":
        // EC2's answers lag behind: only one that was seen starting has failed to (aws.md trap 14).
        if (started) throw new ErrandError(`${id} stopped while it was starting`, true);
        return undefined;
      case "pending":
        return undefined;
      case "stopping":
      case "shutting-down":
      case "terminated":
        throw new ErrandError(`${id} is ${instance.state}`, false);
      default:
        return instance.state satisfies never;
    }
  });
}

function healthy(errand: Errand, instance: Ec2Instance): Promise<true> {
  const { world, id } = errand;
  const host = world.address(instance);
  if (host === undefined) throw new ErrandError(`${id} has no address to reach its worker at`, true);
  const ping = `http://${host}:${WORKER_PORT}/ping`;
  return until(async () => {
    const response = await fetch(ping, {
      redirect: "manual",
      signal: AbortSignal.any([errand.signal, AbortSignal.timeout(PING_TIMEOUT)]),
    });
    await response.body?.cancel();
    return response.status === 200 ? true : undefined;
  }, {
    what: `an answer of ${id}'s worker at ${ping}`,
    timeout: world.startTimeout,
    pace: PING_PACE,
    signal: errand.signal,
    clock: world.clock,
    fatal: () => false,
  }).catch((error) => {
    throw error instanceof DeadlineError ? new ErrandError(error.message, true, { cause: error }) : error;
  });
}

async function look({ world, id }: Errand, signal?: AbortSignal): Promise<Ec2Instance> {
  const instance = await describe(world.aws, id, signal);
  if (instance === undefined) throw new ErrandError(`${id} is not there`, false);
  return instance;
}

function step<T>({ journal, activity, id, signal, world }: Errand, name: string, take: () => Promise<T>): Promise<T> {
  return journal.step(activity, id, name, { now: world.clock.now, signal, take });
}
