/**
 * Reads settings from the environment and the config files. Only this module reads the environment for settings.
 *
 * @module
 */
import type { Found, Lookup } from "../cli/flags.ts";
import type { ConfigValues } from "./config_file.ts";
import { SETTINGS } from "./settings.ts";

/** Error: a config file is missing, unreadable or invalid. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Returns the default config files, which kas reads if neither `--config` nor KAS_CONFIG is set. The last file has precedence. */
export function configFiles(env: (name: string) => string | undefined): string[] {
  const home = env("HOME");
  return ["/etc/kas/kas.json", ...(home ? [`${home}/.config/kas/kas.json`] : [])];
}

/**
 * Returns a function that looks settings up in the environment, then in the config files. The function reads the config files only
 * when a lookup needs them.
 *
 * @throws {SettingsError} from the returned function, when a file cannot be read or is invalid
 */
export function settingsLookup(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  readFile: (path: string) => string | undefined = readIfPresent,
): Lookup {
  const cache = new Map<string | undefined, Promise<ReadonlyMap<string, Found>>>();
  return async (name, option, config) => {
    for (const variable of option.env ?? []) {
      const value = env(variable);
      if (value !== undefined && value !== "") return { text: value, origin: variable };
    }
    // An option without variables is not a setting, even if it has the name of one: `kas admin instances --state running`.
    if (option.env === undefined || !(name in SETTINGS)) return undefined;
    const chosen = config ?? env("KAS_CONFIG");
    let values = cache.get(chosen);
    if (values === undefined) {
      values = chosen === undefined
        ? readAll(configFiles(env), readFile)
        : readAll([chosen], (path) => readFile(path) ?? missing(path));
      cache.set(chosen, values);
    }
    return (await values).get(name);
  };
}

/** Returns the values in several config files by the setting's name. Skips files that do not exist. */
async function readAll(
  paths: readonly string[],
  readFile: (path: string) => string | undefined,
): Promise<ReadonlyMap<string, Found>> {
  const values = new Map<string, Found>();
  for (const path of paths) {
    const content = readFile(path);
    if (content === undefined) continue;
    for (const [name, value] of Object.entries(await readConfig(path, content))) {
      values.set(name, { text: value, origin: path });
    }
  }
  return values;
}

function missing(path: string): never {
  throw new SettingsError(`Cannot read config file ${path}: it does not exist`);
}

/** Returns the values in a config file. Loads the schema of config files, because most commands run without a config file. */
async function readConfig(path: string, content: string): Promise<ConfigValues> {
  const { ConfigFileError, parseConfigFile } = await import("./config_file.ts");
  try {
    return parseConfigFile(content);
  } catch (cause) {
    if (!(cause instanceof ConfigFileError)) throw cause;
    throw new SettingsError(`Cannot read config file ${path}: ${cause.message}`, { cause });
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw new SettingsError(`Cannot read config file ${path}: ${(error as Error).message}`, { cause: error });
  }
}
