/**
 * The calls to a balancer that concurrent activities share.
 *
 * @module
 */
import type { Aws } from "../clients.ts";
import { allDone, type Outcome, type Results } from "../many/batches.ts";
import { gathered, perAccount, shared } from "../many/gather.ts";
import { isNotRegistrable } from "../errors.ts";
import type { Precondition } from "../middleware.ts";
import { type ChecksOf, readChecks } from "./checks.ts";
import { type BalancerRef, deregister, type Health, health, register } from "./balancer.ts";

/** Reads the health as {@linkcode health} does. Concurrent reads share a call. */
export function sharedHealth(aws: Aws, ref: BalancerRef, signal?: AbortSignal): Promise<readonly Health[]> {
  return reads(aws, ref)(signal);
}

/** How long kas makes the checks that it has read, in ms. Then it reads them again, because somebody may have changed them. */
const CHECKS_AGE = 60_000;

/**
 * Reads the health checks as {@linkcode readChecks} does, at most once a minute.
 *
 * @param now the elapsed time of the caller's clock, in ms
 */
export async function sharedChecks(
  aws: Aws,
  ref: BalancerRef,
  now: number,
  signal?: AbortSignal,
): Promise<ChecksOf> {
  return await checks(aws, ref)(now, signal);
}

const checks = perAccount((aws, ref: BalancerRef) => {
  const read = shared((signal) => readChecks(aws, ref, signal));
  let last: { readonly at: number; readonly of: ChecksOf } | undefined;
  return async (now: number, signal?: AbortSignal) => {
    if (last === undefined || now - last.at >= CHECKS_AGE) last = { at: now, of: await read(signal) };
    return last.of;
  };
});

const reads = perAccount((aws, ref: BalancerRef) => shared((signal) => health(aws, ref, signal)));

/** Registers an instance as {@linkcode register} does. Instances that are registered at the same time share a call. */
export async function registerOne(aws: Aws, ref: BalancerRef, id: string): Promise<void> {
  await registrations(aws, ref)(id);
}

const registrations = perAccount((aws, ref: BalancerRef) =>
  gathered(async (ids) => {
    await register(aws, ref, ids);
    return allDone(ids);
  })
);

/**
 * Deregisters an instance as {@linkcode deregister} does. Instances that are deregistered at the same time share a call.
 *
 * @param precondition runs right before each request that names the instance. If it rejects, this promise rejects with its
 *   error, and kas sends the request without the instance
 */
export async function deregisterOne(
  aws: Aws,
  ref: BalancerRef,
  id: string,
  precondition: Precondition,
): Promise<void> {
  try {
    const outcome = await deregistrations(aws, ref)({ id, precondition });
    if ("error" in outcome) throw outcome.error;
  } catch (error) {
    // A call for several instances fails with this error if the instance is not registered. Then there is nothing to do.
    if (!isNotRegistrable(error)) throw error;
  }
}

/** An instance to deregister, and what must hold right before each request. */
interface Leaving {
  readonly id: string;
  readonly precondition: Precondition;
}

const deregistrations = perAccount((aws, ref: BalancerRef) =>
  gathered((all: readonly Leaving[]) => deregisterAll(aws, ref, all))
);

/** Deregisters the instances whose preconditions hold. The outcome of each other instance is the error of its precondition. */
async function deregisterAll(
  aws: Aws,
  ref: BalancerRef,
  all: readonly Leaving[],
): Promise<Results<Outcome<true>, Leaving>> {
  const rejected = new Map<Leaving, Outcome<true>>();
  const check = async (each: Leaving) => {
    try {
      await each.precondition();
    } catch (error) {
      rejected.set(each, { error });
    }
  };
  try {
    await deregister(aws, ref, all.map(({ id }) => id), undefined, async () => {
      await Promise.all(all.map(check));
      if (rejected.size > 0) throw new Error("Some instances must stay registered");
    });
  } catch (error) {
    if (rejected.size === 0) throw error;
    const rest = all.filter((each) => !rejected.has(each));
    return new Map([...rejected, ...rest.length === 0 ? [] : await deregisterAll(aws, ref, rest)]);
  }
  return new Map(all.map((each) => [each, { value: true }]));
}
