/**
 * The wait for the base instance of a new sandbox.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import { findPool } from "../account/snapshot.ts";
import { checkTarget, runCheck, TRAFFIC_PORT } from "../elb/traffic/check.ts";
import { fleetPool } from "./pool.ts";
import type { AccountView } from "./view.ts";

/** An address on which no sandbox starts an instance. */
const FOREIGN_ADDRESS = "127.77.99.1";

/** What {@linkcode waitForBase} waits for. */
export interface BaseOptions {
  readonly view: AccountView;
  readonly account: Account;
  readonly fleet: string;
  /** Port on which the instances serve. */
  readonly servicePort: number;
  /** Aborts if an instance's process exits. */
  readonly failed: AbortController;
  /** Maximum time of the wait, in ms of real time. */
  readonly timeout: number;
}

/** Timeout of the check that finds out why the base instance is not in service, in ms of real time. */
const CHECK_TIMEOUT = 2_000;

/**
 * Waits until the base instance is in service. Throws the abort reason of `failed`. Throws an Error that says why the health check fails
 * if the base instance is not in service in time.
 */
export async function waitForBase(options: BaseOptions): Promise<void> {
  const { view, failed, timeout } = options;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeout);
  try {
    await view.waitUntil(
      () => view.instances().some(({ registration }) => registration === "in-service"),
      AbortSignal.any([failed.signal, late.signal]),
    );
  } catch (error) {
    failed.signal.throwIfAborted();
    if (!late.signal.aborted) throw error;
    throw new Error(`Cannot start the sandbox: ${await whyLate(options)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Makes the load balancer's health check of the base instance, and returns its result as a sentence. */
async function whyLate({ view, account, fleet, servicePort, timeout }: BaseOptions): Promise<string> {
  const [base] = view.instances();
  const pool = findPool(account.current, fleetPool(account.current, fleet) ?? "");
  const { target, codes = "200" } = pool?.healthCheck ?? { target: "" };
  const parts = checkTarget(target);
  const port = parts.port === TRAFFIC_PORT ? String(servicePort) : parts.port;
  const address = base?.address ?? "";
  const failure = await runCheck({
    ...parts,
    port,
    address,
    codes,
    network: fetch,
    signal: AbortSignal.timeout(CHECK_TIMEOUT),
  });
  const check = `${parts.protocol} at ${address}:${port}${parts.path}`;
  const what = `${base?.id} did not pass the health check (${check}) within ${timeout / 1_000} s`;
  switch (failure?.reason) {
    case "Target.ResponseCodeMismatch":
      return `${what}: ${failure.description}. The health check needs a path that answers 200: give --service-health PATH`;
    case "Target.Timeout":
      return `${what}: the service did not answer within ${CHECK_TIMEOUT / 1_000} s`;
    case "Target.FailedHealthChecks":
      return `${what}: the connection failed. The service must listen on the address in HOST and the port in PORT`;
    case undefined:
      return what;
  }
}

/**
 * Throws an Error if a service listens on all addresses: a second instance could not start. A connection to an address without an instance
 * then succeeds.
 */
export async function refuseSharedPort(port: number): Promise<void> {
  try {
    (await Deno.connect({ hostname: FOREIGN_ADDRESS, port })).close();
  } catch {
    return;
  }
  throw new Error(
    `Cannot start the sandbox: a program listens on port ${port} of all addresses, so that a second instance could not start. ` +
      "Let the service listen on the address in HOST. If it is another program, choose another port with --service-port",
  );
}
