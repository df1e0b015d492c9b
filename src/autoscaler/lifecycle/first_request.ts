/**
 * The last phase of a start (R17): when the worker of the instance has answered its first request, which it reports at /ping.
 * The activity does not wait for it.
 *
 * @module
 */
import type { Logger } from "@logtape/logtape";
import { type Runtime, timeLimit } from "../../runtime.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Journal } from "../store/journal.ts";
import { DeadlineError, until } from "./wait.ts";

/** A start whose first request is awaited. */
export interface FirstRequest {
  readonly journal: Journal;
  /** The activity's. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  readonly instance: string;
  /** Where its worker can be reached. */
  readonly host: string;
  /** When it came into service, ms since the epoch. */
  readonly inService: number;
  /** The longest wait, ms. */
  readonly timeout: number;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
}

/** The longest pause between two requests to the worker, ms. */
const PACE = 3_000;

/** The longest wait for the worker's answer, ms. */
const PING_TIMEOUT = 2_000;

/**
 * Waits until the worker has answered a request, and notes in the journal when it did. Never rejects.
 *
 * @returns how long after it came into service, s; undefined if there was no request in time
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
    // The worker's clock is another one. A time that is not possible is replaced by the present time.
    const ended = answered < inService || answered > now ? now : answered;
    journal.noteStep(activity, { step: "first-request", instance, began: inService, ended });
    return (ended - inService) / 1_000;
  } catch (error) {
    if (signal.aborted || error instanceof DeadlineError) return undefined;
    log.error("could not write to the journal", { reason: (error as Error).message });
    return undefined;
  }
}

/** When the worker answered its first /work, ms since the epoch; undefined if it has not. */
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
