/**
 * Takes an instance out of its load balancer while something is done to it, and puts it back.
 *
 * @module
 */
import { type BalancerRef, deregister, register, registrations, titleOf } from "../aws/balancing/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { describeError } from "../aws/error_messages.ts";
import type { Outcome } from "./provision.ts";
import { HostError } from "./ssh/ssh.ts";

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
  /** An error in one line. */
  readonly tell: (error: unknown) => string;
}

/** Between two looks at the load balancer, ms. */
const PAUSE = 1_000;

/**
 * Does something to an instance while no request goes to it: deregisters it and waits until its requests have ended; in the end,
 * whatever came of it, registers it and waits until it is in service. One that is not registered stays so.
 *
 * @returns how the work ended, with `drain` before and `register` after it
 */
export async function outOfService(
  id: string,
  rolling: Rolling,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const { aws, balancer, signal, tell } = rolling;
  if (!(await registrations(aws, balancer, signal)).has(id)) return await work();
  const outcomes: Outcome[] = [];
  /** Whether it went well. */
  const attempt = async (step: string, take: () => Promise<Outcome | void>): Promise<boolean> => {
    const begun = performance.now();
    const result = (result: "done" | "failed") => ({
      step,
      result,
      seconds: (performance.now() - begun) / 1_000,
    });
    try {
      outcomes.push(await take() ?? { results: [result("done")], failure: [] });
      return true;
    } catch (error) {
      outcomes.push({ results: [result("failed")], failure: [tell(error)] });
      return false;
    }
  };
  if (await attempt("drain", () => drain(id, rolling))) await attempt("change", work);
  await attempt("register", () => backInService(id, rolling));
  return {
    results: outcomes.flatMap(({ results }) => results),
    failure: outcomes.flatMap(({ failure }) => failure),
  };
}

async function drain(id: string, { aws, balancer, drainTimeout, signal, doing }: Rolling): Promise<void> {
  doing("draining");
  await deregister(aws, balancer, id, signal);
  await until(async () => !(await registrations(aws, balancer, signal)).has(id), drainTimeout, signal, () => {
    throw new HostError(
      `its requests did not end within ${drainTimeout / 1_000} s`,
      "a longer --drain-timeout",
    );
  });
}

/** An interruption does not keep it from being registered, only from being waited for. */
async function backInService(
  id: string,
  { aws, balancer, startTimeout, signal, doing }: Rolling,
): Promise<void> {
  doing("registering");
  try {
    await register(aws, balancer, id);
  } catch (error) {
    throw new HostError(
      `it is left out of ${titleOf(balancer)}: ${describeError(error).message}`,
      `kas admin balancers register ${balancer.name} ${id}`,
    );
  }
  try {
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
  } catch (error) {
    if (signal.aborted) throw new HostError("interrupted: it is registered, and was not waited for");
    throw error;
  }
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
