/**
 * A provisioning step as data: how to see that it is done, the commands that do it, and the commands that roll it back.
 * Nothing here runs a command.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import type { CommandLine } from "../../cli/command_line.ts";

/** A command that changes the host. */
export interface HostCommand {
  readonly argv: CommandLine;
  /** Its stdin: a text, or the executable's bytes. Empty by default. */
  readonly input?: string | typeof EXECUTABLE_BYTES;
  /** Seconds during which a failing command is tried again. 0 by default: one attempt. */
  readonly retrySeconds?: number;
  /** Commands that roll it back, in order. The last command of a run is rolled back first. */
  readonly rollback?: readonly CommandLine[];
  /** Commands that bring the services in line after everything is rolled back, in order; those of the last command first. */
  readonly afterRollback?: readonly CommandLine[];
}

/** One step of provisioning. */
export interface ProvisionStep {
  /** As the STEP column shows it: `binary`. */
  readonly name: string;
  /** Whether the host is already as this step leaves it. */
  readonly isDone: (facts: HostFacts) => boolean;
  /** The commands that change the host. */
  readonly commands: (facts: HostFacts) => readonly HostCommand[];
}

/** The input of the command that reads the executable from stdin. */
export const EXECUTABLE_BYTES = Symbol("the executable");

/** Makes systemd read its unit files again. */
export const DAEMON_RELOAD = ["systemctl", "daemon-reload"];
