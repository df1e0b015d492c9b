/**
 * Plans the provisioning of one host: reads the facts about the host and determines the steps that the host needs.
 *
 * @module
 */
import { type Executables, sha256 } from "./executable.ts";
import type { HostFacts } from "./host/facts.ts";
import {
  EXPORTER,
  EXPORTER_FILE,
  type HostConfig,
  hostFiles,
  hostUnits,
  needsNginx,
  PROXY_PATH,
  proxyPaths,
  type Role,
} from "./host/files.ts";
import { inspectHost } from "./host/inspect.ts";
import { BINARY_PATH, PREVIOUS_BINARY_PATH, SETTINGS_PATH } from "./host/paths.ts";
import { HostError, lockedError } from "./host_error.ts";
import { rollbackScript } from "./script.ts";
import type { Connection } from "./ssh/connection.ts";
import { installedRole } from "./steps/host_diff.ts";
import { installSteps, pingInstalled } from "./steps/install.ts";
import { removalSteps } from "./steps/removal.ts";
import type { ProvisionStep } from "./steps/step.ts";
import { telemetryStep } from "./steps/telemetry.ts";

/** The operator's request to provision hosts. */
export interface ProvisionRequest {
  readonly kind: "provision" | "rollback" | "remove";
  /** Role to install. A host that already has the other role gets both roles. Default: the role that the host has. */
  readonly role: Role | undefined;
  /** Whether nginx forwards the messages of SNS to the autoscaler. Default: as before, and on a new host unless it polls. */
  readonly nginx: boolean | undefined;
  /** Settings to change on the host. kas keeps all other settings of the host. */
  readonly settings: HostConfig["settings"];
  /** The settings that replace all settings of the host. */
  readonly allSettings?: HostConfig["settings"] | undefined;
  readonly tls: HostConfig["tls"];
  /** Whether to install node_exporter too. */
  readonly telemetry: boolean;
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
  ...hostFiles("both", { settings: {}, proxied: true, tls: { certificate: "", key: "" } }).map(({ path }) =>
    path
  ),
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
  if (!facts.programs.has("systemctl")) {
    throw new HostError(`the program systemctl is missing on ${facts.osName}; kas needs systemd`);
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
      const proxied = facts.files.has(PROXY_PATH);
      const steps = installSteps({ role, proxied, binary: "previous", files: [], absent: [] });
      return { facts, units: hostUnits(role), steps };
    }
    case "provision": {
      if (!request.telemetry) return await planInstall(facts, request);
      const step = telemetryStep({ ...EXPORTER_FILE, sha256: sha256(EXPORTER_FILE.content) }, facts);
      // A host that runs only the operator's own service needs nothing else.
      const plan = request.role === undefined && installedRole(facts) === undefined
        ? { facts, units: [], steps: [] }
        : await planInstall(facts, request);
      return { ...plan, units: [...plan.units, EXPORTER.name], steps: [...plan.steps, step] };
    }
  }
}

/** Returns whether the host needs no change. */
export function isUnchanged({ facts, steps }: HostPlan): boolean {
  return steps.every((step) => step.isDone(facts));
}

async function planInstall(facts: HostFacts, request: ProvisionRequest): Promise<HostPlan> {
  const executable = await request.executables.forArchitecture(facts.arch);
  const role = roleOf(facts, request);
  const settings = request.allSettings ?? { ...installedSettings(facts), ...request.settings };
  await requireValid(settings);
  const proxied = role !== "worker" && isProxied(facts, request, settings);
  if (needsNginx({ role, proxied }) && !facts.programs.has("nginx") && !facts.programs.has("apt-get")) {
    throw new HostError(
      `nginx is missing on ${facts.osName}, and kas installs it only with apt-get`,
      "install nginx, or use --role autoscaler with --no-nginx or --pull",
    );
  }
  const files = hostFiles(role, { settings, proxied, tls: request.tls })
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
    steps: installSteps({
      role,
      proxied,
      binary: executable,
      files,
      absent: role === "worker" || proxied ? [] : proxyPaths(),
    }),
    ...(copies ? { executable } : {}),
  };
}

/**
 * Returns the role that a host gets.
 *
 * @throws {HostError} if the operator gives no role, and the host has none
 */
function roleOf(facts: HostFacts, { role }: ProvisionRequest): Role {
  const installed = installedRole(facts);
  const wanted = role ?? installed;
  if (wanted === undefined) {
    throw new HostError(
      "kas is not installed on this host, so kas does not know its role",
      "--role autoscaler, or --role worker for the demo; a host that runs only your own service needs nothing of kas",
    );
  }
  return installed === undefined || installed === wanted ? wanted : "both";
}

/** Returns whether nginx forwards the messages of SNS to the autoscaler. An autoscaler that polls gets no messages. */
function isProxied(
  facts: HostFacts,
  { nginx, tls }: ProvisionRequest,
  settings: HostConfig["settings"],
): boolean {
  if (nginx !== undefined) return nginx;
  if (tls !== undefined) return true;
  const isNew = installedRole(facts) === undefined || installedRole(facts) === "worker";
  return isNew ? !polls(settings) : facts.files.has(PROXY_PATH);
}

/** Whether the autoscaler polls the alarms of all its fleets. */
function polls({ pull, fleets }: HostConfig["settings"]): boolean {
  const own = Array.isArray(fleets)
    ? fleets.map((fleet: { readonly pull?: unknown }) => fleet.pull ?? pull)
    : [];
  return own.length === 0 ? pull === true : own.every((each) => each === true);
}

/** @throws {HostError} if the settings are not the content of a valid config file, so that no service would start with them */
async function requireValid(settings: HostConfig["settings"]): Promise<void> {
  const { ConfigFileError, parseConfigFile } = await import("../settings/config_file.ts");
  try {
    parseConfigFile(JSON.stringify(settings));
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    throw new HostError(
      `the settings of the host would be invalid: ${error.message}`,
      "--settings FILE, which replaces all settings of the host",
    );
  }
}

function inspect(connection: Connection, { kind }: ProvisionRequest): Promise<HostFacts> {
  return inspectHost(connection, {
    programs: ["apt-get", "nginx", "systemctl", EXPORTER.name],
    paths: [...PATHS, EXPORTER_FILE.path],
    existing: [PREVIOUS_BINARY_PATH],
    units: [...SERVICES, "nginx", EXPORTER.name],
    check: kind === "provision" ? pingInstalled() : ["true"],
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
