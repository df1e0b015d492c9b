/**
 * An errand: the way of one activity with one instance, and how its steps are taken, on record before and after each (R13).
 *
 * @module
 */
import { getLogger, type Logger } from "@logtape/logtape";
import { type BalancerRef, type Health, health } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { code, isAccessFailure, isInsufficientCapacity, isThrottled } from "../../aws/errors.ts";
import { describeError } from "../../aws/error_messages.ts";
import { type Ec2Instance, findInstance as describe, type FleetSelector } from "../../aws/ec2/instances.ts";
import type { Limits } from "../../scaling/model/limits.ts";
import type { Registration } from "../../scaling/model/instance.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";
import type { Cause } from "../store/steps.ts";
import type { StepName } from "../store/names.ts";
import { type Clock, DeadlineError, until } from "../control/clock.ts";

/** The fleet and what it is behind. */
export interface Fleet extends FleetSelector {
  readonly balancer: BalancerRef;
}

/** The world that activities act on, and how long they wait for it. Times are ms. */
export interface Environment {
  readonly aws: Aws;
  readonly fleet: Fleet;
  readonly limits: Limits;
  /** Where an instance's worker is reached from here: a host name or address. */
  readonly address: (instance: Ec2Instance) => string | undefined;
  /** The longest wait for each step of the way in. */
  readonly startTimeout: number;
  /** The longest wait for each step of the way out. */
  readonly drainTimeout: number;
  readonly clock: Clock;
}

/** An instance that an activity is at, and how it goes about it. */
export interface ActivityContext {
  readonly environment: Environment;
  readonly journal: Journal;
  /** The activity's, by {@linkcode logOf}. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  /** The instance's id. */
  readonly id: string;
  /** The instance as it was just seen; undefined: look first. */
  readonly seen?: Ec2Instance | undefined;
  /** It was launched for this: EC2 may not show it yet. */
  readonly launched?: boolean;
  /** Ends the errand where it stands; a call under way is waited for. */
  readonly signal: AbortSignal;
}

/**
 * An instance that can't be brought in, or not be taken out. `blame` tells whether the instance is at fault, and so to be
 * kept from the next decision (R7), or only the circumstances are.
 */
export class ActivityError extends Error {
  override readonly name = "ErrandError";
  constructor(message: string, readonly blame: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A step to take. */
export interface StepSpec<T> {
  /** Its name in the journal. */
  readonly name: StepName;
  /** What is waited for, for the error's words. */
  readonly what: string;
  /** The longest wait, ms; Infinity where only AWS's absence can delay it. */
  readonly timeout: number;
  /** Tries it, or looks whether it is so; undefined: not yet. */
  readonly attempt: () => Promise<T | undefined>;
  /** The longest time between two attempts, ms. */
  readonly pace?: number;
  /** What was seen last of what is waited for, for the error's words. */
  readonly told?: () => string | undefined;
  /** Whether it is the instance's fault that it is not so in time; it is unless this says otherwise. */
  readonly blame?: () => boolean;
}

/** The longest time between two looks at EC2 or ELB, ms: every tool of the account shares their limits. */
const AWS_PACE = 3_000;

/** The same where AWS is away, or an instance's last requests take their time, ms. */
const PATIENT_PACE = 10_000;

/** The log of an activity: every event names it, and the message that asked for it. */
export function logOf({ id, message }: Activity): Logger {
  const about = { activity: id, ...(message === undefined ? {} : { messageId: message }) };
  return getLogger(["kas", "activity"]).with(about);
}

/**
 * Takes a step: on record before and after, tried or looked at until it is so.
 *
 * @throws {ActivityError} if it is not so in time, or can never be
 */
export function runStep<T>(errand: ActivityContext, taking: StepSpec<T>): Promise<T> {
  const { journal, activity, id, signal, environment: { clock } } = errand;
  return journal.step(activity, id, taking.name, {
    now: clock.now,
    signal,
    take: () => settled(errand, taking),
  });
}

/** Takes a step that sets right what went wrong: whatever stands in its way it is tried again, until the world is right. */
export function persist<T>(
  { journal, log, activity, id, signal, environment: { clock } }: ActivityContext,
  name: StepName,
  cause: Cause,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  let told: string | undefined;
  const fatal = (error: unknown) => {
    const reason = describeError(error).message;
    if (reason !== told) log.warn(`not yet ${name}`, { instance: id, reason });
    told = reason;
    return false;
  };
  const wait = { what: `${id} ${name}`, timeout: Infinity, pace: PATIENT_PACE, signal, clock, fatal };
  return journal.step(activity, id, name, {
    now: clock.now,
    signal,
    cause,
    take: () => until(attempt, wait),
  });
}

/** Waits, and tells errors that a later attempt may not meet from those that end the errand. */
export async function settled<T>(
  { signal, environment: { clock } }: Pick<ActivityContext, "signal" | "environment">,
  { what, timeout, attempt, pace = AWS_PACE, told = () => undefined, blame = () => true }: Omit<
    StepSpec<T>,
    "name"
  >,
): Promise<T> {
  try {
    return await until(attempt, { what, timeout, pace, signal, clock, fatal: (error) => !isPassing(error) });
  } catch (error) {
    if (error instanceof DeadlineError) {
      // If AWS would not even say how the instance is, it is not the instance's fault.
      const last = error.cause === undefined ? told() : describeError(error.cause).message;
      const message = last === undefined ? error.message : `${error.message}; ${last}`;
      throw new ActivityError(message, error.cause === undefined && blame(), { cause: error });
    }
    if (code(error) !== undefined) {
      throw new ActivityError(describeError(error).message, isInsufficientCapacity(error), { cause: error });
    }
    throw error;
  }
}

/** A later attempt may not meet this error. */
export function isPassing(error: unknown): boolean {
  if (isThrottled(error) || isAccessFailure(error)) return true;
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode ??
    0;
  return status >= 500 && !isInsufficientCapacity(error);
}

/** The instance as it is, undefined if it is gone. */
export async function seek(
  { environment: { aws, fleet }, id, signal }: ActivityContext,
): Promise<Ec2Instance | undefined> {
  return await describe(aws, id, signal, fleet.fleet);
}

/** The instance as it is. */
export async function look(errand: ActivityContext): Promise<Ec2Instance> {
  const instance = await seek(errand);
  if (instance === undefined) throw new ActivityError(`${errand.id} does not exist`, false);
  return instance;
}

/** The same, undefined as well while EC2 does not show yet what it has just launched: its answers lag behind. */
export async function glance(errand: ActivityContext): Promise<Ec2Instance | undefined> {
  return errand.launched ? await seek(errand) : await look(errand);
}

/** The instance in the load balancer's words, undefined if it is not registered. */
export async function healthOf(
  { environment: { aws, fleet }, id, signal }: ActivityContext,
): Promise<Health | undefined> {
  return (await health(aws, fleet.balancer, signal)).find((it) => it.id === id);
}

/** How the instance stands at the load balancer. */
export async function registration(errand: ActivityContext): Promise<Registration> {
  return (await healthOf(errand))?.registration ?? "none";
}
