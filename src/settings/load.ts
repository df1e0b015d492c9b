/**
 * Reads settings from the environment and the config files. Only this module reads the environment for settings.
 *
 * @module
 */
import type { Found, Lookup } from "../cli/flags.ts";
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
 * A config file is a JSON object. Its keys are the flags' names without the dashes: `{ "fleet": "web", "max": 10 }`.
 *
 * @throws {SettingsError} from the returned function, when a file cannot be read or holds an unknown key
 */
export function settingsLookup(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  readFile: (path: string) => string | undefined = readIfPresent,
): Lookup {
  const cache = new Map<string | undefined, ReadonlyMap<string, Found>>();
  return (name, option, config) => {
    for (const variable of option.env ?? []) {
      const value = env(variable);
      if (value !== undefined && value !== "") return { text: value, origin: variable };
    }
    if (!(name in SETTINGS)) return undefined;
    const chosen = config ?? env("KAS_CONFIG");
    let values = cache.get(chosen);
    if (values === undefined) {
      values = chosen === undefined
        ? readAll(configFiles(env), readFile)
        : readAll([chosen], (path) => readFile(path) ?? missing(path));
      cache.set(chosen, values);
    }
    return values.get(name);
  };
}

/** Returns the values in several config files by the setting's name. Skips files that do not exist. */
function readAll(
  paths: readonly string[],
  readFile: (path: string) => string | undefined,
): ReadonlyMap<string, Found> {
  const values = new Map<string, Found>();
  for (const path of paths) {
    const content = readFile(path);
    if (content === undefined) continue;
    for (const [name, value] of Object.entries(parseConfig(path, content))) {
      values.set(name, { text: value, origin: path });
    }
  }
  return values;
}

function missing(path: string): never {
  throw new SettingsError(`Cannot read config file ${path}: it does not exist`);
}

/** Returns the values in a config file as text, by the setting's name in camelCase. */
function parseConfig(path: string, content: string): Record<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new SettingsError(`Cannot read config file ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new SettingsError(`Cannot read config file ${path}: expected an object such as {"fleet": "kas"}`);
  }
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(json)) {
    const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!Object.hasOwn(SETTINGS, name)) {
      throw new SettingsError(`Cannot read config file ${path}: unknown setting "${key}"`);
    }
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new SettingsError(`Cannot read config file ${path}: "${key}" must be a text, number or boolean`);
    }
    values[name] = String(value);
  }
  return values;
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
