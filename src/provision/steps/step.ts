/**
 * A provisioning step as data: a check whether the step is done, the commands of the step, and the commands that roll it back. This
 * module runs no command.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import type { CommandLine } from "../../cli/command_line.ts";

/** A command that changes a host. */
export interface HostCommand {
  readonly argv: CommandLine;
  /** Input of the command on stdin: a text, or the bytes of the executable. Default: empty. */
  readonly input?: string | typeof EXECUTABLE_BYTES;
  /** How long kas repeats a failing command, in seconds. Default: 0, which means one attempt. */
  readonly retrySeconds?: number;
  /** Commands that roll back the changes of a command, in order. A rollback starts with the last command of the provisioning run. */
  readonly rollback?: readonly CommandLine[];
  /** Commands that run after the rollback of all commands, in order, to update the services. */
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
