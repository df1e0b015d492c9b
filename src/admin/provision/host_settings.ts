/**
 * What a host is given when it is provisioned: its role, and the settings that go to its /etc/kas/kas.json.
 *
 * @module
 */
import { SCALING } from "../../autoscaler/command.ts";
import { type Context, kebab } from "../../cli/command.ts";
import type { HostSettings, Role } from "../../provision/files.ts";
import { oneOf } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";

const ROLES = ["worker", "autoscaler", "both"] as const satisfies Role[];

const parseRole = oneOf(...ROLES);

/** The settings that a host is given, where somebody set them. */
export const HOST_SETTINGS = {
  fleet: SETTINGS.fleet,
  keyName: SETTINGS.keyName,
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
  log: SETTINGS.log,
} as const;

/** `--role`. */
export const ROLE = {
  placeholder: "ROLE",
  help: "what the machine is to be, beside what it is already",
  default: "worker",
  choices: ROLES,
  parse: parseRole,
} as const;

/** The settings that somebody set, as their texts; numbers and switches as what they are. */
export function hostSettings(
  { flags, texts, origins }: Pick<Context<typeof HOST_SETTINGS>, "flags" | "texts" | "origins">,
): HostSettings["settings"] {
  const said: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(HOST_SETTINGS) as (keyof typeof HOST_SETTINGS)[]) {
    const [value, text] = [flags[name], texts[name]];
    if (text === undefined || origins[name] === "default") continue;
    said[kebab(name)] = typeof value !== "object" && value !== undefined && String(value) === text
      ? value
      : text;
  }
  return said;
}
