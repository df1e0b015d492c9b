/**
 * The last phase of a start (R17): when the instance's worker served its first request, which the worker tells at /ping.
 * It is looked for beside everything else, and only as long as somebody may want to know.
 *
 * @module
 */
import type { Logger } from "@logtape/logtape";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import type { Journal } from "../store/journal.ts";
import { type Clock, DeadlineError, until } from "../control/clock.ts";

/** What is to be looked for. */
export interface FirstRequest {
  readonly journal: Journal;
  /** The activity's. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  readonly instance: string;
  /** Where its worker is reached. */
  readonly host: string;
  /** When it came into service, ms since the epoch. */
  readonly inService: number;
  /** The longest time to look, ms. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The longest time between two looks, ms. */
const PACE = 3_000;

/** How long the worker's answer is waited for, ms. */
const PING_TIMEOUT = 2_000;

/**
 * Looks until the worker has served a request and notes when it did; gives up silently. Never rejects.
 *
 * @returns how long after it came into service, s
 */
export async function noteFirstRequest(wanted: FirstRequest): Promise<number | undefined> {
  const { journal, log, activity, instance, inService, timeout, clock, signal } = wanted;
  try {
    const served = await until(() => firstWork(wanted), {
      what: `the first request of ${instance}`,
      timeout,
      pace: PACE,
      signal,
      clock,
      fatal: () => false,
    });
    const seen = clock.now();
    // Its clock is another one: a time that can't be is replaced by that of this look.
    const ended = served < inService || served > seen ? seen : served;
    journal.noteStep(activity, { step: "first-request", instance, began: inService, ended });
    return (ended - inService) / 1_000;
  } catch (error) {
    if (signal.aborted || error instanceof DeadlineError) return undefined;
    log.error("cannot write the journal", { reason: (error as Error).message });
    return undefined;
  }
}

/** When the worker answered its first /work, ms since the epoch; undefined if it has not. */
async function firstWork({ host, signal }: FirstRequest): Promise<number | undefined> {
  const response = await fetch(`http://${host}:${WORKER_PORT}/ping`, {
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(PING_TIMEOUT)]),
  });
  await response.body?.cancel();
  const at = Date.parse(response.headers.get("kas-first-work") ?? "");
  return Number.isNaN(at) ? undefined : at;
}
