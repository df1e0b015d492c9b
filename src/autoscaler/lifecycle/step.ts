/**
 * The steps of an activity. Each one is in the journal before it begins and after it has ended (R13).
 *
 * @module
 */
import { code, isAccessFailure, isInsufficientCapacity, isThrottled } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import type { Cause } from "../store/steps.ts";
import type { StepName } from "../store/names.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";
import { DeadlineError, until } from "./wait.ts";

/** Something to attempt until it succeeds, or until its time is over. */
export interface AttemptSpec<T> {
  /** What to report if no attempt succeeds in time: "i-1 did not drain". */
  readonly failure: string;
  /** The longest time for all attempts, ms; Infinity if only the absence of AWS can delay them. */
  readonly timeout: number;
  /** Acts, or looks whether it is so; undefined if it is not yet. */
  readonly attempt: () => Promise<T | undefined>;
  /** The longest pause between two attempts, ms. */
  readonly pace?: number;
  /** What the last attempt has seen, for the error's message. */
  readonly lastSeen?: () => string | undefined;
  /** Whether the instance is at fault if its time is over; by default it is. */
  readonly blame?: () => boolean;
}

/** A step. */
export interface StepSpec<T> extends AttemptSpec<T> {
  readonly name: StepName;
}

/** The longest pause between two requests to EC2 or ELB, ms. All tools of an account share their rate limits. */
const AWS_PACE = 3_000;

/** The longest pause while AWS is unavailable, or while an instance ends its last requests, ms. */
const PATIENT_PACE = 10_000;

/**
 * Carries out a step.
 *
 * @throws {ActivityError} if it does not succeed in time, or never can
 */
export function runStep<T>(context: ActivityContext, spec: StepSpec<T>): Promise<T> {
  const { journal, activity, id, signal, environment: { runtime: { clock } } } = context;
  const run = () => attemptInTime(context, spec);
  return journal.step(activity, id, spec.name, { now: clock.now, signal, take: run });
}

/** Carries out a step after a failure. It is attempted until it succeeds, whatever goes wrong. */
export function runUntilDone<T>(
  { journal, log, activity, id, signal, environment: { runtime } }: ActivityContext,
  step: StepName,
  cause: Cause,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  let logged: string | undefined;
  const isFatal = (error: unknown) => {
    const reason = describeError(error).message;
    if (reason !== logged) log.warn("step attempt failed", { step, instance: id, reason });
    logged = reason;
    return false;
  };
  const run = () =>
    until(attempt, { failure: "", timeout: Infinity, pace: PATIENT_PACE, signal, runtime, isFatal });
  return journal.step(activity, id, step, { now: runtime.clock.now, signal, cause, take: run });
}

/**
 * Attempts something until it succeeds.
 *
 * @throws {ActivityError} if it does not succeed in time, or never can
 */
export async function attemptInTime<T>(
  { signal, environment: { runtime } }: Pick<ActivityContext, "signal" | "environment">,
  { failure, timeout, attempt, pace = AWS_PACE, lastSeen = () => undefined, blame = () => true }: AttemptSpec<
    T
  >,
): Promise<T> {
  try {
    const isFatal = (error: unknown) => !isTransient(error);
    return await until(attempt, { failure, timeout, pace, signal, runtime, isFatal });
  } catch (error) {
    if (error instanceof DeadlineError) {
      // An error as the cause means that AWS did not answer, which is not the instance's fault.
      const last = error.cause === undefined ? lastSeen() : describeError(error.cause).message;
      const message = last === undefined ? error.message : `${error.message}; ${last}`;
      throw new ActivityError(message, error.cause === undefined && blame(), { cause: error });
    }
    if (code(error) !== undefined) {
      throw new ActivityError(describeError(error).message, isInsufficientCapacity(error), { cause: error });
    }
    throw error;
  }
}

/** Whether a later attempt may succeed. */
export function isTransient(error: unknown): boolean {
  if (isThrottled(error) || isAccessFailure(error)) return true;
  const { httpStatusCode = 0 } = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata ??
    {};
  return httpStatusCode >= 500 && !isInsufficientCapacity(error);
}
