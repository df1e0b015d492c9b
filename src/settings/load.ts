/**
 * Reads settings from the environment and the config files. Only this module reads the environment for settings.
 *
 * @module
 */
import type { Found, Lookup } from "../cli/flags.ts";
import type { ConfigFile } from "./config_file.ts";
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

/** Looks settings up, and knows the fleets of the config files. */
export interface SettingsLookup extends Lookup {
  /**
   * Returns the names of the fleets, if a config file has several. Otherwise returns an empty list.
   *
   * @param config the value of `--config`
   * @throws {SettingsError} when a file cannot be read or is invalid
   */
  readonly fleets: (config: string | undefined) => Promise<readonly string[]>;
}

/** A config file that was read. */
interface ReadFile extends ConfigFile {
  readonly path: string;
}

/**
 * Returns a function that looks settings up in the environment, then in the config files. The function reads the config files only
 * when a lookup needs them.
 *
 * @throws {SettingsError} from the returned function, when a file cannot be read or is invalid, or when the command needs one fleet
 *   and nothing chooses one of the file's fleets
 */
export function settingsLookup(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  readFile: (path: string) => string | undefined = readIfPresent,
): SettingsLookup {
  const cache = new Map<string | undefined, Promise<readonly ReadFile[]>>();
  const filesOf = (config: string | undefined) => {
    const chosen = config ?? env("KAS_CONFIG");
    let files = cache.get(chosen);
    if (files === undefined) {
      files = chosen === undefined
        ? readAll(configFiles(env), readFile)
        : readAll([chosen], (path) => readFile(path) ?? missing(path));
      cache.set(chosen, files);
    }
    return files;
  };
  const inEnvironment = (variables: readonly string[]): Found => {
    const origin = variables.find((name) => (env(name) ?? "") !== "");
    return origin === undefined ? undefined : { text: env(origin) ?? "", origin };
  };
  const lookup: Lookup = async (name, option, { config, fleet }) => {
    // An option without variables is not a setting, even if it has the name of one: `kas admin instances --state running`.
    if (option.env === undefined) return undefined;
    const set = inEnvironment(option.env.slice(0, 1));
    const general = option.env.slice(1);
    if (set !== undefined) return set;
    if (!(name in SETTINGS)) return inEnvironment(general);
    const files = await filesOf(config);
    const chosen = fleet ?? inEnvironment(SETTINGS.fleet.env)?.text;
    // AWS's own variables are for the whole machine, so they do not replace what the file says about one of several fleets.
    const found = ownValue(files, chosen, name) ?? inEnvironment(general) ??
      valuesOf(files, chosen).get(name);
    if (name === "fleet" && found === undefined && option.default !== undefined) requireChoice(files);
    return found;
  };
  return Object.assign(lookup, {
    fleets: async (config: string | undefined) => [...severalOf(await filesOf(config))?.fleets.keys() ?? []],
  });
}

/** Returns the last file that has several fleets. */
function severalOf(files: readonly ReadFile[]): ReadFile | undefined {
  return files.findLast(({ fleets }) => fleets.size > 0);
}

/** @throws {SettingsError} if a file has several fleets */
function requireChoice(files: readonly ReadFile[]): void {
  const several = severalOf(files);
  if (several === undefined) return;
  const names = [...several.fleets.keys()].join(", ");
  throw new SettingsError(
    `Config file ${several.path} has several fleets: ${names}; choose one: --fleet NAME`,
  );
}

/** Returns the value that one of several fleets has for itself. */
function ownValue(files: readonly ReadFile[], fleet: string | undefined, name: string): Found {
  const several = severalOf(files);
  const text = fleet === undefined ? undefined : several?.fleets.get(fleet)?.[name];
  return several === undefined || text === undefined ? undefined : { text, origin: several.path };
}

/** Returns the values in config files by the setting's name. The last file has precedence, and in a file the values of the fleet. */
function valuesOf(files: readonly ReadFile[], chosen: string | undefined): ReadonlyMap<string, Found> {
  const fleet = chosen ?? files.findLast(({ shared }) => shared["fleet"] !== undefined)?.shared["fleet"];
  const several = severalOf(files);
  const values = new Map<string, Found>();
  for (const file of files) {
    const own = file === several && fleet !== undefined ? file.fleets.get(fleet) : undefined;
    for (const [name, text] of Object.entries({ ...file.shared, ...own })) {
      values.set(name, { text, origin: file.path });
    }
  }
  return values;
}

/** Reads several config files. Skips files that do not exist. */
async function readAll(
  paths: readonly string[],
  readFile: (path: string) => string | undefined,
): Promise<readonly ReadFile[]> {
  const files: ReadFile[] = [];
  for (const path of paths) {
    const content = readFile(path);
    if (content !== undefined) files.push({ path, ...await readConfig(path, content) });
  }
  return files;
}

function missing(path: string): never {
  throw new SettingsError(`Cannot read config file ${path}: it does not exist`);
}

/** Reads a config file. Loads the schema of config files, because most commands run without a config file. */
async function readConfig(path: string, content: string): Promise<ConfigFile> {
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
