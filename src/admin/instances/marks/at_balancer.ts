/**
 * Reads the state of instances at the load balancer, and waits until it changes.
 *
 * @module
 */
import {
  type BalancerRef,
  type Health,
  health,
  registrationsIn,
  titleOf,
} from "../../../aws/balancing/balancer.ts";
import { checkedHealth, fleetHealth, isMember } from "../../../aws/balancing/unbalanced.ts";
import type { Aws } from "../../../aws/clients.ts";
import { type Ec2Instance, findInstance } from "../../../aws/ec2/instances.ts";
import { isNotFound } from "../../../aws/errors.ts";
import { seconds } from "../../../cli/format.ts";
import { ExitError } from "../../../cli/command.ts";
import { realClock } from "../../../runtime.ts";
import type { Registration } from "../../../scaling/model/instance.ts";

/** Interval between two reads of the load balancer, in ms. */
const POLL_INTERVAL = 1_000;

/**
 * Returns the registrations at the fleet's load balancer by instance id. Without a load balancer, EC2 decides.
 *
 * @throws {ExitError} with status 4 if the load balancer does not exist
 */
export async function registrationsOf(
  aws: Aws,
  balancer: BalancerRef,
  fleet: ReadonlyMap<string, Ec2Instance>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Registration>> {
  try {
    return registrationsIn(await fleetHealth(aws, balancer, () => [...fleet.values()], signal));
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    throw new ExitError(`There is no ${titleOf(balancer)}`, 4, "kas admin balancers", { cause });
  }
}

/** What {@linkcode waitAtBalancer} waits for. */
export interface Wait {
  /** The state that the error names, if the instance does not reach it in time. */
  readonly expected: string;
  /** Whether the instance has reached the state. `health` is undefined if the load balancer does not list the instance. */
  readonly until: (health: Health | undefined) => boolean;
  /** Maximum time to wait, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until an instance has reached a state at the load balancer.
 *
 * @throws {ExitError} if the instance does not reach the state in time
 */
export async function waitAtBalancer(
  aws: Aws,
  balancer: BalancerRef,
  id: string,
  { expected, until, timeout, signal }: Wait,
): Promise<void> {
  const deadline = realClock.elapsed() + timeout;
  for (;;) {
    const last = await healthOf(aws, balancer, id, signal);
    if (until(last)) return;
    if (realClock.elapsed() >= deadline) {
      const found = last === undefined ? "not registered" : last.description || last.registration;
      throw new ExitError(
        `${id} is not ${expected} at ${titleOf(balancer)} after ${seconds(timeout)}: ${found}`,
        1,
        "kas admin instances",
      );
    }
    await realClock.sleep(POLL_INTERVAL, signal);
  }
}

/** Returns the health of an instance, or undefined if it is not registered. Without a load balancer, EC2 decides. */
async function healthOf(
  aws: Aws,
  balancer: BalancerRef,
  id: string,
  signal: AbortSignal,
): Promise<Health | undefined> {
  if (balancer.kind !== "none") return (await health(aws, balancer, signal)).find((it) => it.id === id);
  const instance = await findInstance(aws, id, signal);
  return instance && isMember(instance) ? await checkedHealth(aws, instance, signal) : undefined;
}
