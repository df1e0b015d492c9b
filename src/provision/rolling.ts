/**
 * Takes an instance out of its load balancer while something is done to it, and puts it back.
 *
 * @module
 */
import { type BalancerRef, deregister, register, registrations, titleOf } from "../aws/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { HostError } from "./ssh.ts";

/** Where an instance is taken out of, and how long that may take. */
export interface Rolling {
  readonly aws: Aws;
  readonly balancer: BalancerRef;
  /** Longest wait, ms, until its requests have ended, and until it is in service again. */
  readonly drainTimeout: number;
  readonly startTimeout: number;
  readonly signal: AbortSignal;
  /** Told what is waited for. */
  readonly doing: (what: string) => void;
}

/** Between two looks at the load balancer, ms. */
const PAUSE = 1_000;

/**
 * Does something to an instance while no request goes to it: deregisters it and waits until its requests have ended; in the end,
 * whatever came of it, registers it and waits until it is in service. One that is not registered stays so.
 *
 * @throws {HostError} where a wait takes too long
 */
export async function outOfService<T>(id: string, rolling: Rolling, work: () => Promise<T>): Promise<T> {
  const { aws, balancer, drainTimeout, signal, doing } = rolling;
  if (!(await registrations(aws, balancer, signal)).has(id)) return await work();
  try {
    doing("draining");
    await deregister(aws, balancer, id, signal);
    await until(
      async () => !(await registrations(aws, balancer, signal)).has(id),
      drainTimeout,
      signal,
      () => {
        throw new HostError(
          `its requests did not end within ${drainTimeout / 1_000} s`,
          "a longer --drain-timeout",
        );
      },
    );
    return await work();
  } finally {
    await backInService(id, rolling);
  }
}

/** An interruption does not keep it from being registered, only from being waited for. */
async function backInService(id: string, rolling: Rolling): Promise<void> {
  const { aws, balancer, startTimeout, signal, doing } = rolling;
  doing("registering");
  await register(aws, balancer, id);
  await until(
    async () => (await registrations(aws, balancer, signal)).get(id) === "in-service",
    startTimeout,
    signal,
    () => {
      throw new HostError(
        `${titleOf(balancer)} did not find it in service within ${startTimeout / 1_000} s`,
        "kas admin balancers",
      );
    },
  );
}

async function until(
  holds: () => Promise<boolean>,
  longest: number,
  signal: AbortSignal,
  tooLate: () => never,
): Promise<void> {
  const end = performance.now() + longest;
  while (!await holds()) {
    signal.throwIfAborted();
    if (performance.now() > end) tooLate();
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PAUSE);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
  return promise;
}
