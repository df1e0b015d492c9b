/**
 * Compares the state of a host with the desired state.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import { type HostFile, hostUnits, needsNginx, type Role } from "../host/files.ts";
import { BINARY_PATH, SETTINGS_PATH } from "../host/paths.ts";

/** The desired state of a host. */
export interface DesiredHost {
  readonly role: Role;
  /** SHA-256 of the executable to install, in hexadecimal, or `previous` to exchange the current and the previous executable. */
  readonly binary: { readonly sha256: string } | "previous";
  /** The files to install, with the SHA-256 of their content in hexadecimal. */
  readonly files: readonly (HostFile & { readonly sha256: string })[];
  /** The paths of files to delete. */
  readonly absent: readonly string[];
  /** Whether nginx forwards the messages of SNS to the autoscaler. */
  readonly proxied: boolean;
}

/** Name of the standby unit: a second worker that serves requests while `kas-worker` restarts. */
export const STANDBY_UNIT = "kas-worker-standby";

/** Returns the role that is installed on a host, or undefined if no role is installed. */
export function installedRole({ files }: HostFacts): Role | undefined {
  const worker = files.has(unitPath("kas-worker"));
  const autoscaler = files.has(unitPath("kas-autoscaler"));
  return worker && autoscaler ? "both" : worker ? "worker" : autoscaler ? "autoscaler" : undefined;
}

/** Returns the path of a unit file. */
export function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}.service`;
}

/** Whether a host has a file with this content, mode and owner. */
export function isInstalled(
  { path, mode, group, sha256 }: DesiredHost["files"][number],
  { files }: HostFacts,
): boolean {
  const installed = files.get(path);
  return installed?.sha256 === sha256 && installed.mode === mode && installed.owner === `root:${group}`;
}

/** The differences between a host and its desired state. */
export class HostDiff {
  readonly #desired: DesiredHost;
  /** Names of the units that the role runs. */
  readonly units: readonly string[];

  constructor(desired: DesiredHost) {
    this.#desired = desired;
    this.units = hostUnits(desired.role);
  }

  /**
   * Returns whether the desired executable is installed. Always false for `previous`, because a rollback always exchanges
   * executables.
   */
  hasBinary({ files }: HostFacts): boolean {
    const { binary } = this.#desired;
    const installed = files.get(BINARY_PATH);
    return binary !== "previous" && installed?.sha256 === binary.sha256 && installed.mode === 0o755;
  }

  /** Returns the desired files that are missing on the host or have a different content, mode or owner. */
  changedFiles(facts: HostFacts): DesiredHost["files"] {
    return this.#desired.files.filter((file) => !isInstalled(file, facts));
  }

  /** Returns the files that provisioning must delete. */
  leftoverFiles({ files }: HostFacts): readonly string[] {
    return this.#desired.absent.filter((path) => files.has(path));
  }

  /** Returns whether all files are as desired. */
  hasFiles(facts: HostFacts): boolean {
    return this.changedFiles(facts).length === 0 && this.leftoverFiles(facts).length === 0;
  }

  /** Returns the services to restart: services that do not run, and services whose executable, settings or unit changes. */
  staleUnits(facts: HostFacts): readonly string[] {
    const changed = this.changedFiles(facts).map(({ path }) => path);
    return this.units.filter((unit) =>
      !facts.units.get(unit)?.active || !this.hasBinary(facts) || changed.includes(SETTINGS_PATH) ||
      changed.includes(unitPath(unit))
    );
  }

  /** Returns whether nginx must start or reload its configuration. */
  nginxIsStale(facts: HostFacts): boolean {
    const readByNginx = /^\/etc\/(nginx|kas\/tls)\//;
    const isActive = facts.units.get("nginx")?.active === true;
    return (needsNginx(this.#desired) && !isActive) ||
      (isActive && this.leftoverFiles(facts).some((path) => readByNginx.test(path))) ||
      this.changedFiles(facts).some(({ path }) => readByNginx.test(path));
  }

  /** Returns whether every service is enabled and runs with the desired files. */
  servicesAreCurrent(facts: HostFacts): boolean {
    return this.staleUnits(facts).length === 0 && !this.nginxIsStale(facts) &&
      this.hasFiles(facts) &&
      this.units.every((unit) => facts.units.get(unit)?.enabled);
  }

  /**
   * Returns whether provisioning uses the standby unit. This is the case if a running worker must restart and the standby unit is
   * installed.
   */
  usesStandby(facts: HostFacts): boolean {
    return facts.files.has(unitPath(STANDBY_UNIT)) && facts.units.get("kas-worker")?.active === true &&
      this.staleUnits(facts).includes("kas-worker");
  }
}
