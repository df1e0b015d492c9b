/**
 * The last phase of a start (R17). It ends when the instance's worker answers its first request. The worker reports this time at
 * /ping. The activity ends before this phase.
 *
 * @module
 */
import type { Logger } from "@logtape/logtape";
import { type Runtime, timeLimit } from "../../runtime.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import { type Environment, logOf } from "./activity_context.ts";
import { DeadlineError, until } from "./wait.ts";

/** The input of {@linkcode noteFirstRequest}: the start of an instance. */
export interface FirstRequest {
  readonly journal: Journal;
  /** The log of the activity. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  readonly instance: string;
  /** The host name or IP address of the instance's worker. */
  readonly host: string;
  /** When the instance came into service, in ms since the epoch. */
  readonly inService: number;
  /** How long kas waits for the first request, in ms. */
  readonly timeout: number;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
}

/** The longest pause between two requests to the worker, in ms. */
const PACE = 3_000;

/** How long kas waits for an answer of the worker, in ms. */
const PING_TIMEOUT = 2_000;

/**
 * Waits until the worker has answered its first request, and writes the time to the journal. Logs errors and does not throw them.
 *
 * @returns the time from when the instance came into service until the first request, in seconds; undefined if the worker
 * answered no request in time
 */
export async function noteFirstRequest(wanted: FirstRequest): Promise<number | undefined> {
  const { journal, log, activity, instance, inService, timeout, runtime, signal } = wanted;
  try {
    const answered = await until(() => firstWork(wanted), {
      failure: `${instance} answered no request`,
      timeout,
      pace: PACE,
      signal,
      runtime,
      isFatal: () => false,
    });
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
  { address, runtime, tuning }: Environment,
  journal: Journal,
  activity: Activity,
  instance: Ec2Instance,
): Omit<FirstRequest, "signal"> | undefined {
  const host = address(instance);
  const steps = journal.steps(activity.id).filter((step) => step.instance === instance.id);
  const inService = steps.findLast(({ step }) => step === "in-service")?.ended;
  if (host === undefined || inService === undefined || !steps.some(({ step }) => step === "running")) {
    return undefined;
  }
  return {
    journal,
    log: logOf(activity),
    activity: activity.id,
    instance: instance.id,
    host,
    inService,
    timeout: tuning().startTimeout,
    runtime,
  };
}

/**
 * Asks the worker when it answered its first /work request. Returns the time in ms since the epoch, or undefined if the
 * worker has not answered a request yet.
 */
async function firstWork(
  { host, runtime: { clock, fetchDirect }, signal }: FirstRequest,
): Promise<number | undefined> {
  using limit = timeLimit(clock, PING_TIMEOUT);
  const response = await fetchDirect(`http://${host}:${WORKER_PORT}/ping`, {
    redirect: "manual",
    signal: AbortSignal.any([signal, limit.signal]),
  });
  await response.body?.cancel();
  const at = Date.parse(response.headers.get("kas-first-work") ?? "");
  return Number.isNaN(at) ? undefined : at;
}
