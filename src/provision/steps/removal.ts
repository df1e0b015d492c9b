/**
 * The steps that remove kas from a host. They keep nginx and the state folder of the autoscaler.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import { SYSUSERS_PATH } from "../host/files.ts";
import { BINARY_PATH, PREVIOUS_BINARY_PATH } from "../host/paths.ts";
import { DAEMON_RELOAD, type HostCommand, type ProvisionStep } from "./step.ts";

/** Folders that only kas uses. Each folder precedes its parent in the list. */
const FOLDERS = ["/etc/kas/tls", "/etc/kas", "/etc/nginx/kas-autoscaler"];

/** Returns the steps that remove the existing files of `paths` and units of `units` from the host. */
export function removalSteps(paths: readonly string[], units: readonly string[]): readonly ProvisionStep[] {
  const installedFiles = ({ files }: HostFacts) =>
    paths.filter((path) => files.has(path) && path !== BINARY_PATH && path !== PREVIOUS_BINARY_PATH);
  const installedBinaries = ({ files }: HostFacts) =>
    [BINARY_PATH, PREVIOUS_BINARY_PATH].filter((path) => files.has(path));
  const enabledOrActive = (facts: HostFacts) =>
    units.filter((unit) => facts.units.get(unit)?.enabled || facts.units.get(unit)?.active);
  return [
    {
      name: "services",
      isDone: (facts) => enabledOrActive(facts).length === 0,
      commands: (facts) => [{ argv: ["systemctl", "disable", "-q", "--now", ...enabledOrActive(facts)] }],
    },
    {
      name: "files",
      isDone: (facts) => installedFiles(facts).length === 0,
      commands: (facts): HostCommand[] => [
        { argv: ["rm", "-f", ...installedFiles(facts)] },
        ...FOLDERS
          .filter((folder) => installedFiles(facts).some((path) => path.startsWith(`${folder}/`)))
          .map((folder) => ({ argv: ["rmdir", "--ignore-fail-on-non-empty", folder] })),
        ...(facts.files.has(SYSUSERS_PATH) ? [{ argv: ["groupdel", "kas"] }] : []),
        { argv: DAEMON_RELOAD },
        ...(facts.units.get("nginx")?.active ? [{ argv: ["systemctl", "reload", "nginx"] }] : []),
      ],
    },
    {
      name: "binary",
      isDone: (facts) => installedBinaries(facts).length === 0,
      commands: (facts) => [{ argv: ["rm", "-f", ...installedBinaries(facts)] }],
    },
  ];
}
