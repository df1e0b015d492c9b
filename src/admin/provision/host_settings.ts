/**
 * The role and the settings that provisioning gives to a host. Provisioning writes the settings to /etc/kas/kas.json.
 *
 * @module
 */
import { OPTIONS } from "../../autoscaler/flags/options.ts";
import { type Context, kebab, type Options, UsageError } from "../../cli/command.ts";
import type { HostConfig, Role } from "../../provision/host/files.ts";
import { flag, oneOf } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/settings.ts";

const ROLES = ["worker", "autoscaler", "both"] as const satisfies Role[];

const parseRole = oneOf(...ROLES);

/** The autoscaler's options that a host does not get from the operator: the systemd unit sets them, or they belong to this machine. */
const {
  listen: _listen,
  state: _state,
  profile: _profile,
  alertUrl: _alertUrl,
  dryRun: _dryRun,
  ...AUTOSCALER
} = OPTIONS;

/**
 * The settings that the operator can give to a host. They contain all settings of the autoscaler, so that kas passes a new one on
 * too. A secret such as `alertUrl` is in /etc/kas/kas.env, which the operator writes.
 */
export const HOST_SETTINGS = {
  ...AUTOSCALER,
  fleet: SETTINGS.fleet,
  threads: SETTINGS.threads,
  workMs: SETTINGS.workMs,
  queue: SETTINGS.queue,
  drain: SETTINGS.drain,
} as const;

/** The settings that are arrays or objects in a config file. */
const STRUCTURED: ReadonlySet<string> = new Set(["schedules", "policies", "metrics"]);

/** The option `--role`. */
export const ROLE = {
  placeholder: "ROLE",
  help: "role to install: autoscaler, worker (the demo's server) or both",
  choices: ROLES,
  parse: parseRole,
} as const;

/** The option `--nginx`. */
export const NGINX = {
  help:
    "put nginx in front of the autoscaler, which forwards only the messages of SNS to it; --no-nginx: do not (default: as before; " +
    "on a new host unless --pull is given)",
  parse: flag,
} as const;

/**
 * Checks the options that need each other.
 *
 * @throws {UsageError} if the worker is to run without nginx, or if a certificate is given without nginx
 */
export function checkNginx(
  { role, nginx }: { readonly role: Role | undefined; readonly nginx: boolean | undefined },
  hasCertificate = false,
): void {
  if (nginx === undefined) return;
  if (role === "worker") {
    throw new UsageError("--nginx is for the autoscaler: a worker always runs behind nginx");
  }
  if (hasCertificate && !nginx) throw new UsageError("--certificate needs nginx: do not give --no-nginx");
}

type HostContext = Pick<Context<typeof HOST_SETTINGS>, "flags" | "texts" | "origins">;

/** Returns the names of the settings that a flag, an environment variable or a config file sets. */
function namesOf({ texts, origins }: HostContext): (keyof typeof HOST_SETTINGS)[] {
  const names = Object.keys(HOST_SETTINGS) as (keyof typeof HOST_SETTINGS)[];
  return names.filter((name) => texts[name] !== undefined && origins[name] !== "default");
}

/** Returns the settings that a flag, an environment variable or a config file sets. Numbers and booleans have their JSON types. */
export function hostSettings(context: HostContext): HostConfig["settings"] {
  const { flags, texts } = context;
  return Object.fromEntries(
    namesOf(context).map((name) => {
      const [value, text = ""] = [flags[name], texts[name]];
      // For a duration or a list, the host's settings file contains the text that the operator wrote.
      const isPlain = typeof value !== "object" && value !== undefined && String(value) === text;
      return [kebab(name), isPlain ? value : STRUCTURED.has(name) ? JSON.parse(text) : text];
    }),
  );
}

/** Returns the same settings as flags. An option that can be given several times has a flag for each value. */
export function hostFlags(context: HostContext): string[] {
  const options: Options = HOST_SETTINGS;
  return namesOf(context).flatMap((name) => {
    const text = context.texts[name] ?? "";
    const values = options[name]?.repeat ? text.split(",") : [text];
    return values.map((value) => `--${kebab(name)}=${value}`);
  });
}

/**
 * Reads a config file that replaces all settings of a host.
 *
 * @throws {UsageError} if the file cannot be read or is invalid, or if a flag sets one of its settings
 */
export async function readSettings(
  path: string,
  { texts, origins }: HostContext,
): Promise<HostConfig["settings"]> {
  // `--fleet` also selects the instances that are targets.
  const flag = Object.keys(HOST_SETTINGS)
    .find((name) => name !== "fleet" && name in texts && origins[name] === "flag");
  if (flag !== undefined) {
    throw new UsageError(
      `--settings replaces all settings of a host: set ${kebab(flag)} in ${path}, without --${kebab(flag)}`,
    );
  }
  const { parseConfigFile } = await import("../../settings/config_file.ts");
  try {
    const text = await Deno.readTextFile(path);
    parseConfigFile(text);
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new UsageError(`Cannot use ${path} as settings: ${cause.message}`);
  }
}
