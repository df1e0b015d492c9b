/**
 * A provisioning step as data: a function that checks whether the step is done, the commands of the step, and the commands that
 * roll
 * back the step. This module does not run the commands.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import type { CommandLine } from "../../cli/command_line.ts";

/** A command that changes a host. */
export interface HostCommand {
  readonly argv: CommandLine;
  /** What the command reads from stdin: a text, or the bytes of the executable. Default: nothing. */
  readonly input?: string | typeof EXECUTABLE_BYTES;
  /** How long the script repeats the command while it fails, in seconds. Default: 0, which means one attempt. */
  readonly retrySeconds?: number;
  /** Commands that roll back the changes of this command, in order. A rollback rolls back the last command of the run first. */
  readonly rollback?: readonly CommandLine[];
  /** Commands that run when all commands are rolled back, for example to restart the services, in order. */
  readonly afterRollback?: readonly CommandLine[];
}

/** A step of provisioning. */
export interface ProvisionStep {
  /** Name of the step in the STEP column, such as `binary`. */
  readonly name: string;
  /** Returns whether the host already has the state that the provisioning step produces. */
  readonly isDone: (facts: HostFacts) => boolean;
  /** Returns the commands that change the host. */
  readonly commands: (facts: HostFacts) => readonly HostCommand[];
}

/** Marks the input of the command that reads the executable from stdin. */
export const EXECUTABLE_BYTES = Symbol("the executable");

/** Command that makes systemd read its unit files again. */
export const DAEMON_RELOAD = ["systemctl", "daemon-reload"];
