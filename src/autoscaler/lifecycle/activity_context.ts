/**
 * The context of an activity: its environment, its instance, and the errors that end the activity.
 *
 * @module
 */
import { getLogger, type Logger } from "@logtape/logtape";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Runtime } from "../../runtime.ts";
import type { Fault } from "../../scaling/model/start_event.ts";
import type { AddressOf, Fleet, Tuning } from "../assembly_options.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";

/** The environment that all activities of an autoscaler share. */
export interface Environment {
  readonly aws: Aws;
  readonly fleet: Fleet;
  /** Returns the current settings. */
  readonly tuning: () => Tuning;
  readonly address: AddressOf;
  readonly runtime: Runtime;
}

/** An activity and the instance that it acts on. */
export interface ActivityContext {
  readonly environment: Environment;
  readonly journal: Journal;
  /** The log of the activity, from {@linkcode logOf}. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  /** The instance's id. */
  readonly id: string;
  /** The instance as kas observed it a moment ago. If absent, the activity observes the instance first. */
  readonly seen?: Ec2Instance | undefined;
  /** Whether the activity launched the instance, so that EC2 may not show it yet. */
  readonly launched?: boolean;
  /** Ends the activity at its next wait. Requests in progress complete first. */
  readonly signal: AbortSignal;
}

/** An activity cannot be carried out with an instance. */
export class ActivityError extends Error {
  override readonly name = "ActivityError";
  /** @param fault what the fault model remembers of the failure; absent if the failure pauses nothing */
  constructor(message: string, readonly fault?: Fault, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The log of an activity: each event has the activity's id and the message that triggered it. */
export function logOf({ id, message }: Activity): Logger {
  const fields = { activity: id, ...(message === undefined ? {} : { messageId: message }) };
  return getLogger(["kas", "activity"]).with(fields);
}

/** The attributes of an activity's span. */
export function attributesOf({ id, instance, message }: Activity): Readonly<Record<string, string | number>> {
  return {
    "kas.activity": id,
    ...(instance === undefined ? {} : { "kas.instance": instance }),
    ...(message === undefined ? {} : { "kas.message_id": message }),
  };
}

/** Returns the message of an error as a sentence for the activity's reason. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
