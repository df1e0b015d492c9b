/**
 * Compares a host with the state that it should have.
 *
 * @module
 */
import type { HostFacts } from "../host/facts.ts";
import { type HostFile, hostUnits, type Role } from "../host/files.ts";
import { BINARY_PATH, SETTINGS_PATH } from "../host/paths.ts";

/** The state that a host should have. */
export interface DesiredHost {
  readonly role: Role;
  /** An executable to copy, by its SHA-256 in hexadecimal; `previous` swaps the current executable with the one before it. */
  readonly binary: { readonly sha256: string } | "previous";
  /** Its files, with the SHA-256 of their content in hexadecimal. */
  readonly files: readonly (HostFile & { readonly sha256: string })[];
}

/** The unit that serves while `kas-worker` restarts. */
export const STANDBY_UNIT = "kas-worker-standby";

/** The role that is installed on a host; undefined if none is. */
export function installedRole({ files }: HostFacts): Role | undefined {
  const worker = files.has(unitPath("kas-worker"));
  const autoscaler = files.has(unitPath("kas-autoscaler"));
  return worker && autoscaler ? "both" : worker ? "worker" : autoscaler ? "autoscaler" : undefined;
}

function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}.service`;
}

/** What differs between a host and its desired state. */
export class HostDiff {
  readonly #desired: DesiredHost;
  /** The units that the role runs. */
  readonly units: readonly string[];

  constructor(desired: DesiredHost) {
    this.#desired = desired;
    this.units = hostUnits(desired.role);
  }

  /** Whether the desired executable is installed. Never true for `previous`: a rollback always swaps. */
  hasBinary({ files }: HostFacts): boolean {
    const { binary } = this.#desired;
    const installed = files.get(BINARY_PATH);
    return binary !== "previous" && installed?.sha256 === binary.sha256 && installed.mode === 0o755;
  }

  /** The files that are missing or differ in content, mode or owner. */
  changedFiles({ files }: HostFacts): DesiredHost["files"] {
    return this.#desired.files.filter(({ path, mode, group, sha256 }) => {
      const installed = files.get(path);
      return installed?.sha256 !== sha256 || installed.mode !== mode || installed.owner !== `root:${group}`;
    });
  }

  /** The services to restart: those that do not run, and those whose executable, settings or unit changes. */
  staleUnits(facts: HostFacts): readonly string[] {
    const changed = this.changedFiles(facts).map(({ path }) => path);
    return this.units.filter((unit) =>
      !facts.units.get(unit)?.active || !this.hasBinary(facts) || changed.includes(SETTINGS_PATH) ||
      changed.includes(unitPath(unit))
    );
  }

  /** Whether nginx must start, or reload its configuration. */
  nginxIsStale(facts: HostFacts): boolean {
    const readByNginx = /^\/etc\/(nginx|kas\/tls)\//;
    return !facts.units.get("nginx")?.active ||
      this.changedFiles(facts).some(({ path }) => readByNginx.test(path));
  }

  /** Whether every service runs with the desired files and is enabled. */
  servicesAreCurrent(facts: HostFacts): boolean {
    return this.staleUnits(facts).length === 0 && !this.nginxIsStale(facts) &&
      this.changedFiles(facts).length === 0 &&
      this.units.every((unit) => facts.units.get(unit)?.enabled);
  }

  /** Whether the standby unit serves during this run: a running worker has to restart, and the unit is installed. */
  usesStandby(facts: HostFacts): boolean {
    return facts.files.has(unitPath(STANDBY_UNIT)) && facts.units.get("kas-worker")?.active === true &&
      this.staleUnits(facts).includes("kas-worker");
  }
}
