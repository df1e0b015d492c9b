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
import type { Registrar } from "../registrar/registrar.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";

/** The environment that all activities of an autoscaler share. */
export interface Environment {
  readonly aws: Aws;
  readonly fleet: Fleet;
  /** What puts the instances into service and takes them out of service. */
  readonly registrar: Registrar;
  /** Returns the current settings. */
  readonly tuning: () => Tuning;
  readonly address: AddressOf;
  readonly runtime: Runtime;
  /** Called when kas has deregistered an instance: it gets no new requests. */
  readonly onDeregistered: (id: string) => void;
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
  /** The instance in the latest observation. If absent, the activity first observes the instance. */
  readonly seen?: Ec2Instance | undefined;
  /** Whether the activity launched the instance. EC2's reads may then not show the instance yet. */
  readonly launched?: boolean;
  /** Whether the activity stops an unhealthy instance (R21). */
  readonly unhealthy?: true | undefined;
  /** Interrupts the activity when it next waits. Requests in progress complete first. */
  readonly signal: AbortSignal;
}

/** The present instance of an activity cannot be started or stopped. The activity may continue with another candidate. */
export class ActivityError extends Error {
  override readonly name = "ActivityError";
  /** @param fault the fault that caused the failure (R18); absent if the failure causes no pause */
  constructor(message: string, readonly fault?: Fault, options?: ErrorOptions) {
    super(message, options);
  }
}

/** A step of an activity cannot be carried out yet, because another activity is in progress. A later attempt may succeed. */
export class PostponedError extends Error {
  override readonly name = "PostponedError";
}

/**
 * Returns the log of an activity. Each event in it has the activity's id and the id of the message that triggered the
 * activity.
 */
export function logOf({ id, message }: Activity): Logger {
  const fields = { activity: id, ...(message === undefined ? {} : { messageId: message }) };
  return getLogger(["kas", "activity"]).with(fields);
}

/** Returns the attributes of an activity's OpenTelemetry span. */
export function attributesOf({ id, instance, message }: Activity): Readonly<Record<string, string | number>> {
  return {
    "kas.activity": id,
    ...(instance === undefined ? {} : { "kas.instance": instance }),
    ...(message === undefined ? {} : { "kas.message_id": message }),
  };
}

/** Returns the message of an error as a sentence, which can be part of an activity's reason. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
