/**
 * Splits the words of a command line into flags and arguments, and resolves each option's value. A flag has precedence over the
 * environment, the environment over the config file, and the config file over the default.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import {
  type Command,
  type Context,
  kebab,
  type Option,
  type Options,
  type Origin,
  UsageError,
  type Values,
} from "./command.ts";
import { didYouMean } from "./nearest.ts";

/** The text of an option's value, and where the value was set. Undefined if neither environment nor config file sets the option. */
export type Found = { readonly text: string; readonly origin: Origin } | undefined;

/** The texts of the flags that choose a config file, and one of its fleets. */
export interface Choice {
  readonly config?: string | undefined;
  readonly fleet?: string | undefined;
}

/** Looks up an option without a flag: first in the environment, then in the config file. */
export type Lookup = (
  name: string,
  option: Option<unknown>,
  choice: Choice,
) => Found | Promise<Found>;

/** The flags and arguments of a command line. */
export interface CommandLine {
  /** The texts that the command line gives to each option, by the option's name in camelCase. A switch has "true" or "false". */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** The words that follow `--` on the command line. */
  readonly rest: readonly string[];
}

/**
 * Splits words into flags and arguments: `--flag value`, `--flag=value`, `--switch`, `--no-switch`, `-h`.
 *
 * @throws {UsageError} if a flag is unknown, has no value, or is given twice without `repeat`
 */
export function readFlags(path: readonly string[], options: Options, words: readonly string[]): CommandLine {
  const names = new Map(Object.keys(options).map((name) => [kebab(name), name]));
  const flags = [...names.keys()];
  const isSwitch = (flag: string) => options[names.get(flag) ?? ""]?.placeholder === undefined;
  const switches = flags.filter(isSwitch);
  const negatedWithValue = words.slice(0, words.indexOf("--") >>> 0).find((word) =>
    /^--no-[^=]+=/.test(word)
  );
  if (negatedWithValue !== undefined && switches.includes(negatedWithValue.slice(5).replace(/=.*/s, ""))) {
    throw new UsageError(`Option ${negatedWithValue.replace(/=.*/s, "")} takes no value`);
  }

  const parsed = parseArgs(joined(words, (flag) => names.has(flag) && !isSwitch(flag)), {
    "--": true,
    alias: { help: "h" },
    boolean: switches,
    negatable: switches,
    string: ["_", ...flags.filter((flag) => !isSwitch(flag))],
    // With `collect` each flag has a list of values, so that an absent switch differs from a switch that is false.
    collect: flags,
    unknown: (word, key) => {
      if (key === undefined) return true;
      const flag = word.replace(/=.*/s, "");
      const suggestion = didYouMean(flag.replace(/^-+/, ""), flags, "--");
      throw new UsageError(`Unknown option ${flag} of ${path.join(" ")}${suggestion}`);
    },
  });

  const texts = new Map<string, string[]>();
  for (const [flag, name] of names) {
    const given = [parsed[flag]].flat().map(String);
    if (given.length === 0) continue;
    const option = options[name];
    if (!isSwitch(flag)) {
      // The parser returns "" for "--flag=" and for "--flag" at the end of the words.
      if (given.includes("")) {
        throw new UsageError(`Option --${flag} needs a value: --${flag} ${option?.placeholder}`);
      }
      if (given.length > 1 && option?.repeat === undefined) {
        throw new UsageError(`Option --${flag} is given more than once`);
      }
    }
    texts.set(name, given);
  }
  return { texts, args: parsed._.map(String), rest: parsed["--"] ?? [] };
}

/** Joins each flag that takes a value with the next word, unless that word begins with two dashes: `--max -3` → `--max=-3`. */
function joined(words: readonly string[], takesValue: (flag: string) => boolean): string[] {
  const end = words.indexOf("--") >>> 0;
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const next = i + 1 < end ? words[i + 1] : undefined;
    const joins = i < end && word.startsWith("--") && takesValue(word.slice(2)) && next !== undefined &&
      !/^--./.test(next);
    result.push(joins ? `${word}=${next}` : word);
    if (joins) i++;
  }
  return result;
}

/** An option's effective value. */
export interface Resolved {
  readonly value: unknown;
  /** The text of the value. Undefined if the option has no value. */
  readonly text: string | undefined;
  readonly origin: Origin;
}

/**
 * Resolves an option's value: the flag, else the value in the environment or a config file, else the default. If a switch is given
 * twice, the last one has precedence.
 *
 * @throws {UsageError} if a text is not a valid value
 */
export async function resolve(
  name: string,
  option: Option<unknown>,
  given: readonly string[],
  found: Found,
): Promise<Resolved> {
  const chosen = given.length > 0
    ? { texts: option.repeat ? given : given.slice(-1), origin: "flag" }
    : found !== undefined
    ? { texts: option.repeat ? found.text.split(",") : [found.text], origin: found.origin }
    : { texts: option.default === undefined ? [] : [option.default], origin: "default" };
  const values = await Promise.all(chosen.texts.map((text) => parse(name, option, text, chosen.origin)));
  return {
    value: option.repeat ? values : values[0],
    text: chosen.texts.length > 0 ? chosen.texts.join(",") : undefined,
    origin: chosen.origin,
  };
}

/**
 * Returns the options that kas ignores: of two options that exclude each other, kas ignores the one with lower precedence. For
 * example, the flag `--target-group` has precedence over the variable `KAS_LOAD_BALANCER`.
 *
 * @throws {UsageError} if two options that exclude each other have the same precedence
 */
export function overruled(
  options: Options,
  origins: Readonly<Record<string, Origin>>,
  texts: Readonly<Record<string, string>>,
): string[] {
  const rank = (name: string) => {
    const origin = origins[name] ?? "default";
    return origin === "flag" ? 0 : options[name]?.env?.includes(origin) ? 1 : 2;
  };
  const losers: string[] = [];
  for (const [name, { excludes: other }] of Object.entries(options)) {
    if (other === undefined || texts[name] === undefined || texts[other] === undefined) continue;
    if (rank(name) === rank(other)) {
      const both = [other, name].map((name) => `--${kebab(name)}${from(origins[name] ?? "default")}`);
      throw new UsageError(`${both.join(" and ")} exclude each other: give only one of them`);
    }
    losers.push(rank(name) < rank(other) ? other : name);
  }
  return losers;
}

function from(origin: Origin): string {
  return origin === "flag" ? "" : ` (from ${origin})`;
}

/** The values of a command's options, and where they were set, by the options' names. */
export interface ResolvedOptions {
  readonly flags: Record<string, unknown>;
  readonly origins: Record<string, Origin>;
  readonly texts: Record<string, string>;
}

/**
 * Resolves the values of all options.
 *
 * @param given the texts of the flags on the command line
 * @throws {UsageError} if a text is not a valid value, or if options exclude each other
 */
export async function values(
  options: Options,
  given: CommandLine["texts"],
  lookup: Lookup,
): Promise<ResolvedOptions> {
  const read: ResolvedOptions = { flags: {}, origins: {}, texts: {} };
  const choice = { config: given.get("config")?.at(-1), fleet: given.get("fleet")?.at(-1) };
  for (const [name, option] of Object.entries(options)) {
    const flags = given.get(name) ?? [];
    const found = flags.length > 0 ? undefined : await lookup(name, option, choice);
    const { value, text, origin } = await resolve(name, option, flags, found);
    read.flags[name] = value;
    read.origins[name] = origin;
    if (text !== undefined) read.texts[name] = text;
  }
  for (const name of overruled(options, read.origins, read.texts)) {
    read.flags[name] = options[name]?.repeat ? [] : undefined;
    read.origins[name] = "default";
    delete read.texts[name];
  }
  return read;
}

/**
 * Resolves a command's options again. Options that a flag set keep their values. This function looks up all other options again.
 *
 * @param fleet the fleet to choose, as `--fleet` does
 * @throws {UsageError} as {@linkcode values}
 */
export async function reread<O extends Options>(
  options: O,
  { origins, texts }: Pick<Context<O>, "origins" | "texts">,
  lookup: Lookup,
  fleet?: string,
): Promise<Values<O>> {
  const flags = Object.entries(texts).filter(([name]) => origins[name] === "flag");
  const given = new Map(
    flags.map(([name, text]) => [name, options[name]?.repeat ? text.split(",") : [text]]),
  );
  if (fleet !== undefined) given.set("fleet", [fleet]);
  return (await values(options, given, lookup)).flags as Values<O>;
}

async function parse(
  name: string,
  option: Option<unknown>,
  text: string,
  origin: Origin,
): Promise<unknown> {
  try {
    return await option.parse(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const what = `${origin === "flag" ? "--" : ""}${kebab(name)}${from(origin)}`;
    const suggestion = didYouMean(text, option.choices ?? []);
    const value = option.secret ? "value" : `value "${text}"`;
    throw new UsageError(`Invalid ${value} for ${what}: ${error.message}${suggestion}`);
  }
}

/**
 * Checks the number of positional arguments and returns them. They include the words after `--`, unless the command's usage
 * contains `--`.
 *
 * @throws {UsageError} if there are too few or too many arguments
 */
export function checkArity(
  path: readonly string[],
  { args: usage = "" }: Command,
  line: CommandLine,
): string[] {
  const given = usage.includes("-- ") ? [...line.args] : [...line.args, ...line.rest];
  const words = usage.replace(/\[?-- .*/, "").split(" ").filter((word) => word !== "");
  const fewest = words.filter((word) => !word.startsWith("[")).length;
  const most = words.some((word) => word.includes("…")) ? Infinity : words.length;
  if (given.length < fewest) throw new UsageError(`${path.join(" ")} needs ${usage}`);
  if (given.length > most) {
    const takes = usage === "" ? "no arguments" : usage;
    throw new UsageError(`Unexpected argument "${given[most]}": ${path.join(" ")} takes ${takes}`);
  }
  return given;
}
