/**
 * What an activity works with: its environment, the instance that it acts on, and the errors that end it.
 *
 * @module
 */
import { getLogger, type Logger } from "@logtape/logtape";
import type { Aws } from "../../aws/clients.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { Runtime } from "../../runtime.ts";
import type { AddressOf, Fleet, Tuning } from "../options.ts";
import type { Activity } from "../store/activities.ts";
import type { Journal } from "../store/journal.ts";

/** What all activities of an autoscaler share. */
export interface Environment {
  readonly aws: Aws;
  readonly fleet: Fleet;
  /** The settings in force. */
  readonly tuning: () => Tuning;
  readonly address: AddressOf;
  readonly runtime: Runtime;
}

/** An activity and the instance that it acts on. */
export interface ActivityContext {
  readonly environment: Environment;
  readonly journal: Journal;
  /** The activity's log, from {@linkcode logOf}. */
  readonly log: Logger;
  /** The activity's id. */
  readonly activity: number;
  /** The instance's id. */
  readonly id: string;
  /** The instance as it was observed a moment ago. Without it the activity looks first. */
  readonly seen?: Ec2Instance | undefined;
  /** Whether the activity launched the instance, so that EC2 may not show it yet. */
  readonly launched?: boolean;
  /** Ends the activity at its next wait. A request in progress is waited for. */
  readonly signal: AbortSignal;
}

/**
 * Why an activity cannot be carried out with an instance. `blame` tells whether the instance is at fault, and so is put into
 * quarantine (R7), or the circumstances are.
 */
export class ActivityError extends Error {
  override readonly name = "ActivityError";
  constructor(message: string, readonly blame: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The log of an activity: each event has the activity's id and the message that triggered it. */
export function logOf({ id, message }: Activity): Logger {
  const fields = { activity: id, ...(message === undefined ? {} : { messageId: message }) };
  return getLogger(["kas", "activity"]).with(fields);
}

/** An error's message as a sentence of the activity's reason. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
