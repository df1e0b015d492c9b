/**
 * Rolling provisioning: deregisters an instance from its load balancer, changes it, and registers it again.
 *
 * @module
 */
import { type BalancerRef, deregister, register, registrations, titleOf } from "../aws/balancing/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { describeError } from "../aws/error_messages.ts";
import type { HostOutcome, StepResult } from "./apply.ts";
import { HostError } from "./host_error.ts";

/** The load balancer of a rolling run, and its timeouts. */
export interface RollingOptions {
  readonly aws: Aws;
  readonly balancer: BalancerRef;
  /** Longest wait for the instance's requests to end, ms. */
  readonly drainTimeout: number;
  /** Longest wait for the instance to be in service again, ms. */
  readonly startTimeout: number;
  readonly signal: AbortSignal;
  /** Receives what the run is waiting for. */
  readonly onProgress: (text: string) => void;
  /** An error as one line. */
  readonly describeError: (error: unknown) => string;
}

/** Between two polls of the load balancer, ms. */
const POLL_INTERVAL = 1_000;

/**
 * Changes an instance while it receives no requests: deregisters and drains it, runs `change`, registers it, and waits until it
 * is in service. It registers the instance even if draining or the change failed. An instance that is not registered stays so.
 *
 * @returns the outcome of `change`, with the steps `drain` and `register` around it
 */
export async function whileDeregistered(
  id: string,
  options: RollingOptions,
  change: () => Promise<HostOutcome>,
): Promise<HostOutcome> {
  const { aws, balancer, signal, describeError } = options;
  if (!(await registrations(aws, balancer, signal)).has(id)) return await change();
  const outcomes: HostOutcome[] = [];
  /** Runs a step, records its outcome, and returns whether it threw no error. */
  const attempt = async (step: string, run: () => Promise<HostOutcome | void>): Promise<boolean> => {
    const start = performance.now();
    const result = (result: StepResult["result"]): StepResult => ({
      step,
      result,
      seconds: (performance.now() - start) / 1_000,
    });
    try {
      outcomes.push(await run() ?? { results: [result("done")], failure: [] });
      return true;
    } catch (error) {
      outcomes.push({ results: [result("failed")], failure: [describeError(error)] });
      return false;
    }
  };
  if (await attempt("drain", () => drain(id, options))) await attempt("change", change);
  await attempt("register", () => registerAgain(id, options));
  return {
    results: outcomes.flatMap(({ results }) => results),
    failure: outcomes.flatMap(({ failure }) => failure),
  };
}

async function drain(id: string, options: RollingOptions): Promise<void> {
  const { aws, balancer, drainTimeout, signal, onProgress } = options;
  onProgress("draining");
  await deregister(aws, balancer, id, signal);
  const drained = async () => !(await registrations(aws, balancer, signal)).has(id);
  if (!await poll(drained, drainTimeout, signal)) {
    throw new HostError(
      `requests did not end within ${drainTimeout / 1_000} s`,
      "a longer --drain-timeout",
    );
  }
}

/** Ctrl-C interrupts the wait, not the registration. */
async function registerAgain(id: string, options: RollingOptions): Promise<void> {
  const { aws, balancer, startTimeout, signal, onProgress } = options;
  onProgress("registering");
  try {
    await register(aws, balancer, id);
  } catch (error) {
    throw new HostError(
      `cannot register it with ${titleOf(balancer)}: ${describeError(error).message}`,
      ["kas", "admin", "balancers", "register", balancer.name, id],
    );
  }
  const inService = async () => (await registrations(aws, balancer, signal)).get(id) === "in-service";
  let serves: boolean;
  try {
    serves = await poll(inService, startTimeout, signal);
  } catch (error) {
    if (signal.aborted) throw new HostError("interrupted: registered, but not known to be in service");
    throw error;
  }
  if (!serves) {
    throw new HostError(
      `not in service at ${titleOf(balancer)} within ${startTimeout / 1_000} s`,
      "kas admin balancers",
    );
  }
}

/** Polls until the condition is true; false if it is not within `timeout` ms. */
async function poll(
  condition: () => Promise<boolean>,
  timeout: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (!await condition()) {
    signal.throwIfAborted();
    if (performance.now() > deadline) return false;
    await sleep(signal);
  }
  return true;
}

function sleep(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, POLL_INTERVAL);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
  return promise;
}
