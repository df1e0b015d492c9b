/**
 * Commands of the provisioning steps. Each command includes the commands that roll back its changes.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import { type HostFile, SYSUSERS_PATH } from "../host/files.ts";
import { BINARY_PATH, PREVIOUS_BINARY_PATH, ROLLBACK_DIR } from "../host/paths.ts";
import { type DesiredHost, STANDBY_UNIT } from "./host_diff.ts";
import { DAEMON_RELOAD, EXECUTABLE_BYTES, type HostCommand } from "./step.ts";

/** Path to which provisioning writes the new executable before it replaces the installed executable. */
export const NEW_BINARY_PATH = "/usr/local/bin/.kas.new";

/** Matches folders that provisioning creates. A rollback removes such a folder when it is empty. */
const KAS_FOLDER = /^\/etc\/(kas|nginx\/kas-[^/]*|systemd\/system\/[^/]*\.d)(\/|$)/;

/**
 * Returns the command that starts the standby unit. It runs before kas replaces files, so that the unit uses the old executable
 * and settings.
 */
export function startStandby(): HostCommand {
  return {
    argv: ["systemctl", "start", STANDBY_UNIT],
    afterRollback: [["systemctl", "stop", STANDBY_UNIT]],
  };
}

/** Returns the commands that write the new executable to the folder of the installed executable. */
export function writeNewBinary(binary: DesiredHost["binary"]): HostCommand[] {
  const rollback = [["rm", "-f", NEW_BINARY_PATH]];
  if (binary === "previous") return [{ argv: ["ln", "-f", PREVIOUS_BINARY_PATH, NEW_BINARY_PATH], rollback }];
  return [
    {
      argv: ["install", "-m", "0755", "/dev/stdin", NEW_BINARY_PATH],
      input: EXECUTABLE_BYTES,
      rollback,
    },
    { argv: ["sha256sum", "--check", "--quiet"], input: `${binary.sha256}  ${NEW_BINARY_PATH}\n` },
  ];
}

/**
 * Returns the commands that move the new executable to its final path, and keep the replaced executable as the previous
 * executable.
 */
export function replaceBinary({ files }: HostFacts): HostCommand[] {
  if (!files.has(BINARY_PATH)) {
    return [{ argv: ["mv", "-f", NEW_BINARY_PATH, BINARY_PATH], rollback: [["rm", "-f", BINARY_PATH]] }];
  }
  const hasPrevious = files.has(PREVIOUS_BINARY_PATH);
  return [
    ...(hasPrevious ? [backUp(PREVIOUS_BINARY_PATH)] : []),
    {
      argv: ["ln", "-f", BINARY_PATH, PREVIOUS_BINARY_PATH],
      rollback: [
        hasPrevious
          ? ["mv", "-f", backupPath(PREVIOUS_BINARY_PATH), PREVIOUS_BINARY_PATH]
          : ["rm", "-f", PREVIOUS_BINARY_PATH],
      ],
    },
    {
      argv: ["mv", "-f", NEW_BINARY_PATH, BINARY_PATH],
      rollback: [["mv", "-f", PREVIOUS_BINARY_PATH, BINARY_PATH]],
    },
  ];
}

/**
 * Returns the commands that write a file on the host. If `exists` is true, they back up the existing file, which a rollback
 * restores.
 */
export function writeFile({ path, mode, group, content }: HostFile, exists: boolean): HostCommand[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return [
    ...(exists ? [backUp(path)] : []),
    {
      argv: ["install", "-D", "-m", mode.toString(8).padStart(4, "0"), "-g", group, "/dev/stdin", path],
      input: content,
      rollback: exists ? [["mv", "-f", backupPath(path), path]] : [
        ["rm", "-f", path],
        ...(KAS_FOLDER.test(folder) ? [["rmdir", "-p", "--ignore-fail-on-non-empty", folder]] : []),
      ],
    },
    ...(path === SYSUSERS_PATH
      ? [{ argv: ["systemd-sysusers", path], ...(exists ? {} : { rollback: [["groupdel", "kas"]] }) }]
      : []),
  ];
}

/** Returns the commands that delete a file. They back up the file, which a rollback restores. */
export function deleteFile(path: string): HostCommand[] {
  return [backUp(path), { argv: ["rm", "-f", path], rollback: [["mv", "-f", backupPath(path), path]] }];
}

/** Returns the command that starts a unit, or makes a running unit use its new files. */
export function restartUnit(
  unit: string,
  { units }: HostFacts,
  verb: "restart" | "reload-or-restart",
): HostCommand {
  const argv = ["systemctl", verb, unit];
  if (!units.get(unit)?.active) return { argv, rollback: [["systemctl", "stop", unit]] };
  return { argv, afterRollback: [DAEMON_RELOAD, ["systemctl", "reset-failed", unit], argv] };
}

function backUp(path: string): HostCommand {
  return { argv: ["cp", "-a", "--parents", path, ROLLBACK_DIR] };
}

function backupPath(path: string): string {
  return ROLLBACK_DIR + path;
}
