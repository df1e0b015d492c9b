/**
 * Rolling provisioning: deregisters an instance from its load balancer, changes the instance, and registers it again.
 *
 * @module
 */
import { type BalancerRef, deregister, register, registrations, titleOf } from "../aws/balancing/balancer.ts";
import type { Aws } from "../aws/clients.ts";
import { describeError } from "../aws/error_messages.ts";
import { byOperator, untagInstances } from "../aws/ec2/operator_tags.ts";
import type { HostOutcome, StepResult } from "./apply.ts";
import { HostError } from "./host_error.ts";

/** The load balancer and timeouts of a rolling run. */
export interface RollingOptions {
  readonly aws: Aws;
  readonly balancer: BalancerRef;
  /** Maximum time for which kas waits until the instance's requests end, in ms. */
  readonly drainTimeout: number;
  /** Maximum time for which kas waits until the instance is in service again, in ms. */
  readonly startTimeout: number;
  readonly signal: AbortSignal;
  /** Callback that receives what kas is doing, such as `draining`. */
  readonly onProgress: (text: string) => void;
  /** Converts an error to one line of text with a hint. */
  readonly describeError: (error: unknown) => string;
}

/** Interval between two polls of the load balancer in ms. */
const POLL_INTERVAL = 1_000;

/**
 * Changes an instance while it receives no requests. Deregisters the instance, waits until it is drained, runs `change`, registers
 * the instance, and waits until it is in service. Registers the instance even if draining or the change failed. If the instance was
 * not registered before, only runs `change`.
 *
 * @returns the outcome of `change`, plus the steps `drain` and `register`
 */
export async function whileDeregistered(
  id: string,
  options: RollingOptions,
  change: () => Promise<HostOutcome>,
): Promise<HostOutcome> {
  const { aws, balancer, signal, describeError } = options;
  if (!(await registrations(aws, balancer, signal)).has(id)) return await change();
  const outcomes: HostOutcome[] = [];
  /** Runs a step and records its outcome. Returns whether the step succeeded. */
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
  await byOperator(aws, [id], signal, () => deregister(aws, balancer, id, signal));
  const drained = async () => !(await registrations(aws, balancer, signal)).has(id);
  if (!await poll(drained, drainTimeout, signal)) {
    throw new HostError(
      `the instance's requests did not end within ${drainTimeout / 1_000} s`,
      "a longer --drain-timeout",
    );
  }
}

/** Registers the instance and waits until it is in service. Ctrl-C ends the wait, but does not prevent the registration. */
async function registerAgain(id: string, options: RollingOptions): Promise<void> {
  const { aws, balancer, startTimeout, signal, onProgress } = options;
  onProgress("registering");
  try {
    await register(aws, balancer, id);
  } catch (error) {
    throw new HostError(
      `cannot register the instance with ${titleOf(balancer)}: ${describeError(error).message}`,
      ["kas", "admin", "balancers", "register", balancer.name, id],
    );
  }
  await untagInstances(aws, [id], ["byOperator"]);
  const inService = async () => (await registrations(aws, balancer, signal)).get(id) === "in-service";
  let serves: boolean;
  try {
    serves = await poll(inService, startTimeout, signal);
  } catch (error) {
    if (signal.aborted) {
      throw new HostError("interrupted after the registration, before the instance was in service");
    }
    throw error;
  }
  if (!serves) {
    throw new HostError(
      `the instance was not in service at ${titleOf(balancer)} within ${startTimeout / 1_000} s`,
      ["kas", "admin", "balancers"],
    );
  }
}

/** Polls a condition. Returns true when the condition is true, or false after `timeout` ms. */
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
