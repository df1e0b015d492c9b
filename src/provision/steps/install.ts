/**
 * The steps that install a role on a host: packages, binary, files, services, verify.
 *
 * @module
 */
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { needsNginx, PROXY_PATH, type Role } from "../host/files.ts";
import { AUTOSCALER_PORT, BINARY_PATH } from "../host/paths.ts";
import { type CommandLine, quoteCommand } from "../../cli/command_line.ts";
import { installPackage } from "./apt.ts";
import {
  deleteFile,
  NEW_BINARY_PATH,
  replaceBinary,
  restartUnit,
  startStandby,
  writeFile,
  writeNewBinary,
} from "./host_commands.ts";
import { type DesiredHost, HostDiff, STANDBY_UNIT, unitPath } from "./host_diff.ts";
import { DAEMON_RELOAD, type ProvisionStep } from "./step.ts";

/** Maximum time for which kas waits until a started service answers through nginx, in seconds. */
const VERIFY_SECONDS = 10;

/** Returns the steps that install a role, in order. */
export function installSteps(desired: DesiredHost): readonly ProvisionStep[] {
  const diff = new HostDiff(desired);
  return [
    {
      name: "packages",
      isDone: ({ programs }) => !needsNginx(desired) || programs.has("nginx"),
      commands: () => installPackage("nginx"),
    },
    {
      name: "binary",
      isDone: (facts) => diff.hasBinary(facts),
      commands: (facts) => [
        ...writeNewBinary(desired.binary),
        // `kas --version` fails if the executable is for a different architecture, or if the host lacks a library.
        { argv: [NEW_BINARY_PATH, "--version"] },
        ...(diff.usesStandby(facts) ? [startStandby()] : []),
        ...replaceBinary(facts),
      ],
    },
    {
      name: "files",
      isDone: (facts) => diff.hasFiles(facts),
      commands: (facts) => [
        // If the executable changes, the step `binary` has already started the standby unit.
        ...(diff.hasBinary(facts) && diff.usesStandby(facts) ? [startStandby()] : []),
        ...diff.changedFiles(facts).flatMap((file) => writeFile(file, facts.files.has(file.path))),
        ...diff.leftoverFiles(facts).flatMap(deleteFile),
      ],
    },
    {
      name: "services",
      isDone: (facts) => diff.servicesAreCurrent(facts),
      commands: (facts) => [
        ...(needsNginx(desired) || diff.nginxIsStale(facts) ? [{ argv: ["nginx", "-t", "-q"] }] : []),
        { argv: DAEMON_RELOAD, afterRollback: [DAEMON_RELOAD] },
        ...(diff.nginxIsStale(facts) ? [restartUnit("nginx", facts, "reload-or-restart")] : []),
        ...diff.units.filter((unit) => !facts.units.get(unit)?.enabled).map((unit) => ({
          argv: ["systemctl", "enable", "-q", unit],
          rollback: [["systemctl", "disable", "-q", unit]],
        })),
        ...diff.staleUnits(facts).map((unit) => restartUnit(unit, facts, "restart")),
      ],
    },
    {
      name: "verify",
      isDone: (facts) => facts.servicesRespond && diff.hasBinary(facts) && diff.servicesAreCurrent(facts),
      commands: (facts) => [
        { argv: pingCommand(desired), retrySeconds: VERIFY_SECONDS },
        ...(diff.usesStandby(facts) ? [{ argv: ["systemctl", "stop", STANDBY_UNIT] }] : []),
      ],
    },
  ];
}

/** Returns a command that succeeds if every service of a host answers. */
function pingCommand({ role, proxied }: DesiredHost): CommandLine {
  return [...PING, ...addresses(role, proxied)];
}

/** Returns a command that succeeds if every service that is installed on a host answers. It fails if no service is installed. */
export function pingInstalled(): CommandLine {
  const [worker, autoscaler] = (["worker", "autoscaler"] as const).map((role) => addresses(role, false));
  const script = `set --
[ ! -e ${unitPath("kas-worker")} ] || set -- "$@" ${quoteCommand(worker ?? [])}
[ ! -e ${unitPath("kas-autoscaler")} ] || set -- "$@" ${quoteCommand(autoscaler ?? [])}
[ ! -e ${PROXY_PATH} ] || set -- "$@" 127.0.0.1:${AUTOSCALER_PORT}
[ $# -gt 0 ] && exec ${quoteCommand(PING)} "$@"`;
  return ["sh", "-c", script];
}

const PING = [BINARY_PATH, "admin", "ping", "--timeout", "2s"];

/** Returns the addresses at which the services of a role answer `/ping`. */
function addresses(role: Role, proxied: boolean): string[] {
  return [
    // The command pings nginx and also the worker itself, because nginx could forward the ping to the standby worker.
    ...(role === "autoscaler" ? [] : [`127.0.0.1:${WORKER_PORT}`, `127.0.0.1:${WORKER_PORT + 1}`]),
    ...(role === "worker" ? [] : [`127.0.0.1:${AUTOSCALER_PORT + 1}`]),
    ...(role !== "worker" && proxied ? [`127.0.0.1:${AUTOSCALER_PORT}`] : []),
  ];
}
