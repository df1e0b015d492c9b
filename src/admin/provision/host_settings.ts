/**
 * The role and the settings that provisioning gives to a host. Provisioning writes the settings to /etc/kas/kas.json.
 *
 * @module
 */
import { SCALING } from "../../autoscaler/flags/options.ts";
import { type Context, kebab } from "../../cli/command.ts";
import type { HostConfig, Role } from "../../provision/host/files.ts";
import { oneOf } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";

const ROLES = ["worker", "autoscaler", "both"] as const satisfies Role[];

const parseRole = oneOf(...ROLES);

/** The settings that the operator can give to a host. */
export const HOST_SETTINGS = {
  fleet: SETTINGS.fleet,
  keyName: SETTINGS.keyName,
  balancer: SETTINGS.balancer,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  endpointUrl: SETTINGS.endpointUrl,
  threads: SETTINGS.threads,
  workMs: SETTINGS.workMs,
  queue: SETTINGS.queue,
  drain: SETTINGS.drain,
  ...SCALING,
  host: SETTINGS.host,
  log: SETTINGS.log,
} as const;

/** The settings that are arrays in a config file. */
const ARRAYS: ReadonlySet<string> = new Set(["schedules", "policies"]);

/** The option `--role`. */
export const ROLE = {
  placeholder: "ROLE",
  help: "role to install; a host that already has the other role gets both",
  default: "worker",
  choices: ROLES,
  parse: parseRole,
} as const;

/** Returns the settings that a flag, an environment variable or a config file sets. Numbers and booleans have their JSON types. */
export function hostSettings(
  { flags, texts, origins }: Pick<Context<typeof HOST_SETTINGS>, "flags" | "texts" | "origins">,
): HostConfig["settings"] {
  const settings: Record<string, HostConfig["settings"][string]> = {};
  for (const name of Object.keys(HOST_SETTINGS) as (keyof typeof HOST_SETTINGS)[]) {
    const [value, text] = [flags[name], texts[name]];
    if (text === undefined || origins[name] === "default") continue;
    // For a duration or a list, the host's settings file contains the text that the operator wrote.
    const isPlain = typeof value !== "object" && value !== undefined && String(value) === text;
    settings[kebab(name)] = isPlain ? value : ARRAYS.has(name) ? JSON.parse(text) : text;
  }
  return settings;
}
