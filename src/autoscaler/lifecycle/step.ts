/**
 * Carries out the steps of activities. kas writes each step to the journal before the step begins and after it has ended (R13).
 *
 * @module
 */
import {
  code,
  isAccessFailure,
  isInsufficientCapacity,
  isQuotaExceeded,
  isThrottled,
} from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import type { Fault } from "../../scaling/model/start_event.ts";
import type { Cause } from "../store/steps.ts";
import type { StepName } from "../store/names.ts";
import { type ActivityContext, ActivityError, PostponedError } from "./activity_context.ts";
import { DeadlineError, until } from "./wait.ts";

/** An operation that kas attempts again and again until it succeeds, or until its timeout. */
export interface AttemptSpec<T> {
  /** The error message if no attempt succeeds in time, for example "i-1 did not drain". */
  readonly failure: string;
  /** The time limit of all attempts together, in ms. Infinity if only an outage of AWS can delay the attempts. */
  readonly timeout: number;
  /** Makes an attempt. Returns undefined if the operation has not succeeded yet. */
  readonly attempt: () => Promise<T | undefined>;
  /** The longest pause between two attempts, in ms. */
  readonly pace?: number;
  /** Returns what the last attempt showed, for the error message: for example "it is pending". */
  readonly lastSeen?: () => string | undefined;
  /** Returns the fault (R18) if the operation did not succeed before the timeout although AWS answered. Default: `slow`. */
  readonly fault?: () => Fault | Promise<Fault>;
}

/** A step of an activity. */
export interface StepSpec<T> extends AttemptSpec<T> {
  readonly name: StepName;
  /** The failure of the instance because of which kas takes the step (R18). */
  readonly cause?: Cause | undefined;
}

/** The longest pause between two requests to EC2 or ELB, in ms. More frequent requests would reach AWS's rate limits. */
const AWS_PACE = 3_000;

/** The longest pause while AWS is unavailable or while an instance drains, in ms. */
const PATIENT_PACE = 10_000;

/**
 * Carries out a step.
 *
 * @throws {ActivityError} if the step does not succeed in time, or cannot succeed
 */
export function runStep<T>(context: ActivityContext, spec: StepSpec<T>): Promise<T> {
  const { journal, activity, id, signal, environment: { runtime: { clock } } } = context;
  const run = () => attemptInTime(context, spec);
  return journal.step(activity, id, spec.name, { now: clock.now, signal, cause: spec.cause, take: run });
}

/** Carries out a step of a rollback. kas attempts the step until it succeeds, whatever errors occur. */
export function runUntilDone<T>(
  { journal, log, activity, id, signal, environment: { runtime } }: ActivityContext,
  step: StepName,
  cause: Cause,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  let logged: string | undefined;
  const isFatal = (error: unknown) => {
    const reason = describeError(error).message;
    if (reason !== logged) log.warn("attempt of a step failed, retrying", { step, instance: id, reason });
    logged = reason;
    return false;
  };
  const run = () =>
    until(attempt, { failure: "", timeout: Infinity, pace: PATIENT_PACE, signal, runtime, isFatal });
  return journal.step(activity, id, step, { now: runtime.clock.now, signal, cause, take: run });
}

/**
 * Attempts an operation until it succeeds.
 *
 * @throws {ActivityError} if the operation does not succeed in time, or cannot succeed
 */
export async function attemptInTime<T>(
  { signal, environment: { runtime } }: Pick<ActivityContext, "signal" | "environment">,
  { failure, timeout, attempt, pace = AWS_PACE, lastSeen = () => undefined, fault = () => "slow" }:
    AttemptSpec<
      T
    >,
): Promise<T> {
  try {
    const isFatal = (error: unknown) => !isTransient(error);
    return await until(attempt, { failure, timeout, pace, signal, runtime, isFatal });
  } catch (error) {
    if (error instanceof DeadlineError) {
      // If the last attempt failed with an error, AWS did not answer.
      const last = error.cause === undefined ? lastSeen() : describeError(error.cause).message;
      const message = last === undefined ? error.message : `${error.message}; ${last}`;
      throw new ActivityError(message, error.cause === undefined ? await fault() : "aws-away", {
        cause: error,
      });
    }
    if (code(error) !== undefined) {
      throw new ActivityError(describeError(error).message, faultOf(error), { cause: error });
    }
    throw error;
  }
}

/** Returns the fault (R18) of an error with which AWS refused a request. */
function faultOf(error: unknown): Fault {
  if (isInsufficientCapacity(error)) return "no-capacity";
  return isQuotaExceeded(error) ? "quota" : "refused";
}

/** Returns whether a later attempt may succeed after an error. */
export function isTransient(error: unknown): boolean {
  if (error instanceof PostponedError || isThrottled(error) || isAccessFailure(error)) return true;
  const { httpStatusCode = 0 } = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata ??
    {};
  return httpStatusCode >= 500 && !isInsufficientCapacity(error);
}
