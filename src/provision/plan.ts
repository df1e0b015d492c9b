/**
 * Plans the provisioning of one host: reads the facts about the host and determines the steps that the host needs.
 *
 * @module
 */
import { type Executables, sha256 } from "./executable.ts";
import type { HostFacts } from "./host/facts.ts";
import { type HostConfig, hostFiles, hostUnits, type Role } from "./host/files.ts";
import { inspectHost } from "./host/inspect.ts";
import { BINARY_PATH, PREVIOUS_BINARY_PATH, SETTINGS_PATH } from "./host/paths.ts";
import { HostError, lockedError } from "./host_error.ts";
import { rollbackScript } from "./script.ts";
import type { Connection } from "./ssh/connection.ts";
import { installedRole } from "./steps/host_diff.ts";
import { installSteps, pingCommand } from "./steps/install.ts";
import { removalSteps } from "./steps/removal.ts";
import type { ProvisionStep } from "./steps/step.ts";

/** The operator's request to provision hosts. */
export interface ProvisionRequest {
  readonly kind: "provision" | "rollback" | "remove";
  /** Role to install. A host that already has the other role gets both roles. */
  readonly role: Role;
  /** Settings to change on the host. kas keeps all other settings of the host. */
  readonly settings: HostConfig["settings"];
  readonly tls: HostConfig["tls"];
  readonly executables: Executables;
}

/** The steps that one host needs. */
export interface HostPlan {
  readonly facts: HostFacts;
  readonly steps: readonly ProvisionStep[];
  readonly units: readonly string[];
  /** Executable to copy to the host; absent if the host already has this executable. */
  readonly executable?: { readonly path: string; readonly size: number };
}

/** Free space that the host must still have when kas has copied the new executable, in bytes. */
const FREE_BYTES = 20_000_000;

const SERVICES = ["kas-worker", "kas-autoscaler"];

/** Paths of all files that provisioning may write. */
const PATHS = [
  BINARY_PATH,
  ...hostFiles("both", { settings: {}, tls: { certificate: "", key: "" } }).map(({ path }) => path),
];

/**
 * Reads the facts about a host and plans its steps. If an earlier run was interrupted, rolls back the changes of that run, except
 * in
 * a dry run. Makes no other changes on the host.
 *
 * @throws {HostError} if the host is unreachable or unsuitable
 */
export async function planHost(
  connection: Connection,
  request: ProvisionRequest,
  dryRun: boolean,
): Promise<HostPlan> {
  if (request.kind === "provision") request.executables.startHashing();
  let facts = await inspect(connection, request);
  if (facts.interrupted && !facts.locked && !dryRun) {
    await connection.run(rollbackScript(), { onLine: () => {} });
    facts = await inspect(connection, request);
  }
  if (facts.locked) throw lockedError();
  for (const program of ["apt-get", "systemctl"]) {
    if (!facts.programs.has(program)) {
      throw new HostError(
        `the program ${program} is missing on ${facts.osName}; kas supports Debian and Ubuntu with systemd`,
      );
    }
  }
  switch (request.kind) {
    case "remove":
      return { facts, units: SERVICES, steps: removalSteps([...PATHS, PREVIOUS_BINARY_PATH], SERVICES) };
    case "rollback": {
      const role = installedRole(facts);
      if (!facts.files.has(PREVIOUS_BINARY_PATH) || role === undefined) {
        throw new HostError(
          `cannot roll back: the previous executable ${PREVIOUS_BINARY_PATH} does not exist`,
        );
      }
      const steps = installSteps({ role, binary: "previous", files: [] });
      return { facts, units: hostUnits(role), steps };
    }
    case "provision":
      return await planInstall(facts, request);
  }
}

/** Returns whether the host needs no change. */
export function isUnchanged({ facts, steps }: HostPlan): boolean {
  return steps.every((step) => step.isDone(facts));
}

async function planInstall(facts: HostFacts, request: ProvisionRequest): Promise<HostPlan> {
  const executable = await request.executables.forArchitecture(facts.arch);
  const installed = installedRole(facts);
  const role = installed === undefined || installed === request.role ? request.role : "both";
  const settings = { ...installedSettings(facts), ...request.settings };
  const files = hostFiles(role, { settings, tls: role === "worker" ? undefined : request.tls })
    .map((file) => ({ ...file, sha256: sha256(file.content) }));
  const copies = facts.files.get(BINARY_PATH)?.sha256 !== executable.sha256;
  if (copies && facts.freeBytes < executable.size + FREE_BYTES) {
    const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    throw new HostError(
      `/usr/local has ${mb(facts.freeBytes)} free; kas needs ${mb(executable.size)} and ${
        mb(FREE_BYTES)
      } spare`,
    );
  }
  return {
    facts,
    units: hostUnits(role),
    steps: installSteps({ role, binary: executable, files }),
    ...(copies ? { executable } : {}),
  };
}

function inspect(connection: Connection, { kind, role }: ProvisionRequest): Promise<HostFacts> {
  return inspectHost(connection, {
    programs: ["apt-get", "nginx", "systemctl"],
    paths: PATHS,
    existing: [PREVIOUS_BINARY_PATH],
    units: [...SERVICES, "nginx"],
    check: kind === "provision" ? pingCommand(role) : ["true"],
  });
}

function installedSettings({ settings }: HostFacts): HostConfig["settings"] {
  if (settings === undefined) return {};
  try {
    return JSON.parse(settings);
  } catch {
    throw new HostError(
      `${SETTINGS_PATH} is not valid JSON`,
      `correct or delete ${SETTINGS_PATH} on the host`,
    );
  }
}
