/**
 * The last phase of a start (R17). It ends when the instance answers its first request. `kas worker` reports this time in its answer to the
 * health check. Of another service, kas does not know the time. The activity ends before this phase.
 *
 * @module
 */
import type { Logger } from "@logtape/logtape";
import { checkOnce } from "../../health/check_once.ts";
import type { HealthCheck, HttpCheck } from "../../health/spec.ts";
import type { Runtime } from "../../runtime.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type Environment, logOf } from "./activity_context.ts";
import { checksOf } from "./observe/health_check.ts";
import { DeadlineError, until } from "./wait.ts";

/** The input of {@linkcode noteFirstRequest}: the start of an instance. */
export interface FirstRequest {
  readonly journal: Journal;
  /** The log of the activity. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  readonly instance: string;
  /** The host name or IP address of the instance. */
  readonly host: string;
  /** Returns the health checks of the instance. */
  readonly checks: (signal: AbortSignal) => Promise<readonly HealthCheck[]>;
  /** When the instance came into service, in ms since the epoch. */
  readonly inService: number;
  /** How long kas waits for the first request, in ms. */
  readonly timeout: number;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
}

/** The longest pause between two requests to the worker, in ms. */
const PACE = 3_000;

/** The answer of a service that is not `kas worker`. */
const ANOTHER_SERVICE = -1;

/**
 * Waits until the worker has answered its first request, and writes the time to the journal. Logs errors and does not throw them. Does not
 * wait if the first answer is not from `kas worker`.
 *
 * @returns the time from when the instance came into service until the first request, in seconds; undefined if the worker
 * answered no request in time, or if it is another service
 */
export async function noteFirstRequest(wanted: FirstRequest): Promise<number | undefined> {
  const { journal, log, activity, instance, inService, timeout, runtime, signal } = wanted;
  try {
    const check = (await wanted.checks(signal)).find((check) => check.protocol !== "tcp");
    if (check === undefined) return undefined;
    const answered = await until(() => firstWork(wanted, check), {
      failure: `${instance} answered no request`,
      timeout,
      pace: PACE,
      signal,
      runtime,
      isFatal: () => false,
    });
    if (answered === ANOTHER_SERVICE) return undefined;
    const now = runtime.clock.now();
    // The worker's host has another clock. If the reported time is before the instance came into service or in the future, use the
    // present time.
    const ended = answered < inService || answered > now ? now : answered;
    journal.noteStep(activity, { step: "first-request", instance, began: inService, ended });
    return (ended - inService) / 1_000;
  } catch (error) {
    if (signal.aborted || error instanceof DeadlineError) return undefined;
    log.error("first request not written to the journal", { reason: (error as Error).message });
    return undefined;
  }
}

/** Returns the start of an activity's instance. Undefined if the instance already ran, or has no address. */
export function startOf(
  environment: Environment,
  journal: Journal,
  activity: Activity,
  instance: Ec2Instance,
): Omit<FirstRequest, "signal"> | undefined {
  const { address, runtime, tuning } = environment;
  const { id } = instance;
  const host = address(instance);
  const steps = journal.steps(activity.id).filter((step) => step.instance === id);
  const inService = steps.findLast(({ step }) => step === "in-service")?.ended;
  if (host === undefined || inService === undefined || !steps.some(({ step }) => step === "running")) {
    return undefined;
  }
  return {
    journal,
    log: logOf(activity),
    activity: activity.id,
    instance: id,
    host,
    checks: (signal) => checksOf({ environment, id, signal }),
    inService,
    timeout: tuning().startTimeout,
    runtime,
  };
}

/**
 * Asks the worker when it answered its first /work request. Returns the time in ms since the epoch, or undefined if the
 * worker has not answered a request yet. {@linkcode ANOTHER_SERVICE} if the answer is not from `kas worker`.
 */
async function firstWork(
  { host, runtime, signal }: FirstRequest,
  check: HttpCheck,
): Promise<number | undefined> {
  const { headers } = await checkOnce(runtime, check, host, signal);
  if (headers === undefined) return undefined;
  if (!headers.has("kas-version")) return ANOTHER_SERVICE;
  const at = Date.parse(headers.get("kas-first-work") ?? "");
  return Number.isNaN(at) ? undefined : at;
}
