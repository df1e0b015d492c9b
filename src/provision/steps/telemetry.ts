/**
 * The step that installs node_exporter from the distribution's package. The autoscaler reads the host's CPU time from node_exporter.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import { EXPORTER, type HostFile } from "../host/files.ts";
import { HostError } from "../host_error.ts";
import { installPackage } from "./apt.ts";
import { restartUnit, writeFile } from "./host_commands.ts";
import { isInstalled } from "./host_diff.ts";
import { DAEMON_RELOAD, type ProvisionStep } from "./step.ts";

/** Maximum time for which kas waits until node_exporter answers, in seconds. */
const ANSWER_SECONDS = 10;

/** Succeeds if the exporter's port accepts a connection. bash connects itself, because a host may lack curl. */
const CONNECT = ["timeout", "2", "bash", "-c", `: </dev/tcp/127.0.0.1/${EXPORTER.port}`];

/**
 * Returns the step `telemetry`.
 *
 * @param file the file that admits only private addresses
 * @throws {HostError} if the host lacks node_exporter, and kas cannot install it
 */
export function telemetryStep(
  file: HostFile & { readonly sha256: string },
  { programs, osName }: HostFacts,
): ProvisionStep {
  if (!programs.has(EXPORTER.name) && !programs.has("apt-get")) {
    throw new HostError(
      `${EXPORTER.name} is missing on ${osName}, and kas installs it only with apt-get`,
      "install node_exporter yourself, and run kas admin provision without --telemetry",
    );
  }
  const isEnabled = ({ units }: HostFacts) => units.get(EXPORTER.name)?.enabled === true;
  return {
    name: "telemetry",
    isDone: (facts) =>
      facts.programs.has(EXPORTER.name) && isInstalled(file, facts) && isEnabled(facts) &&
      facts.units.get(EXPORTER.name)?.active === true,
    commands: (facts) => [
      // The package starts the service. The file comes first, so that the service never answers a public address.
      ...(isInstalled(file, facts) ? [] : writeFile(file, facts.files.has(file.path))),
      ...(facts.programs.has(EXPORTER.name) ? [] : installPackage(EXPORTER.name)),
      { argv: DAEMON_RELOAD, afterRollback: [DAEMON_RELOAD] },
      ...(isEnabled(facts) ? [] : [{
        argv: ["systemctl", "enable", "-q", EXPORTER.name],
        rollback: [["systemctl", "disable", "-q", EXPORTER.name]],
      }]),
      restartUnit(EXPORTER.name, facts, "restart"),
      { argv: CONNECT, retrySeconds: ANSWER_SECONDS },
    ],
  };
}
