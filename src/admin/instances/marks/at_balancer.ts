/**
 * Reads the state of instances at the load balancer, and waits until it changes.
 *
 * @module
 */
import {
  type BalancerRef,
  type Health,
  health,
  registrations,
  titleOf,
} from "../../../aws/balancing/balancer.ts";
import type { Aws } from "../../../aws/clients.ts";
import { isNotFound } from "../../../aws/errors.ts";
import { seconds } from "../../../cli/format.ts";
import { ExitError } from "../../../cli/command.ts";
import { realClock } from "../../../runtime.ts";
import type { Registration } from "../../../scaling/model/instance.ts";

/** Interval between two reads of the load balancer, in ms. */
const POLL_INTERVAL = 1_000;

/**
 * Returns the registrations at the fleet's load balancer by instance id.
 *
 * @throws {ExitError} with status 4 if the load balancer does not exist
 */
export async function registrationsOf(
  aws: Aws,
  balancer: BalancerRef,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Registration>> {
  try {
    return await registrations(aws, balancer, signal);
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
    const last = (await health(aws, balancer, signal)).find((it) => it.id === id);
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
