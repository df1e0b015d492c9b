/**
 * A command's words read as flags and arguments, and each flag's value resolved: flag > environment > file > default.
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

/** A value's text and where it came from; undefined if nothing sets it. */
export type Found = { readonly text: string; readonly origin: Origin } | undefined;

/** Looks an option up where no flag was given: environment, config file. `config` is the value of `--config`. */
export type Lookup = (name: string, option: Option<unknown>, config: string | undefined) => Found;

/** What the words of a command say. */
export interface Said {
  /** The texts given to each option, by its name in camelCase; a switch's are "true" and "false". */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** What stood after `--`. */
  readonly rest: readonly string[];
}

/**
 * Splits words into flags' texts and arguments: `--flag value`, `--flag=value`, `--switch`, `--no-switch`, `-h`.
 *
 * @throws {UsageError} for an unknown flag, a flag without its value, or one given too often
 */
export function readFlags(path: readonly string[], options: Options, words: readonly string[]): Said {
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
    // Every flag as a list, so that one that was not said differs from one that was said to be off.
    collect: flags,
    unknown: (word, key) => {
      if (key === undefined) return true;
      const flag = word.replace(/=.*/s, "");
      const meant = didYouMean(flag.replace(/^-+/, ""), flags, "--");
      throw new UsageError(`Unknown option ${flag} of ${path.join(" ")}${meant}`);
    },
  });

  const texts = new Map<string, string[]>();
  for (const [flag, name] of names) {
    const said = [parsed[flag]].flat().map(String);
    if (said.length === 0) continue;
    const option = options[name];
    if (!isSwitch(flag)) {
      // One that begins with a dash can be said with "=".
      if (said.includes("")) {
        throw new UsageError(`Option --${flag} needs a value: --${flag} ${option?.placeholder}`);
      }
      if (said.length > 1 && option?.repeat === undefined) {
        throw new UsageError(`Option --${flag} is given more than once`);
      }
    }
    texts.set(name, said);
  }
  return { texts, args: parsed._.map(String), rest: parsed["--"] ?? [] };
}

/** `--max -3` → `--max=-3`: what stands behind a flag that takes a value is its value, unless it is a flag of two dashes. */
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
  /** The value as it was written; undefined if nothing sets it. */
  readonly text: string | undefined;
  readonly origin: Origin;
}

/**
 * An option's value by precedence. Of a switch given twice the last counts.
 *
 * @throws {UsageError} for text that is no value of the option
 */
export function resolve(
  name: string,
  option: Option<unknown>,
  said: readonly string[],
  found: Found,
): Resolved {
  const given = said.length > 0
    ? { texts: option.repeat ? said : said.slice(-1), origin: "flag" }
    : found !== undefined
    ? { texts: option.repeat ? found.text.split(",") : [found.text], origin: found.origin }
    : { texts: option.default === undefined ? [] : [option.default], origin: "default" };
  const values = given.texts.map((text) => parse(name, option, text, given.origin));
  return {
    value: option.repeat ? values : values[0],
    text: given.texts.length > 0 ? given.texts.join(",") : undefined,
    origin: given.origin,
  };
}

/**
 * The options that don't count because another one is given instead, with precedence over them: a flag, where they are in the
 * environment for one.
 *
 * @throws {UsageError} for two options that exclude each other and are given in the same way
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
      const told = [other, name].map((name) => `--${kebab(name)}${from(origins[name] ?? "default")}`);
      throw new UsageError(`${told.join(" and ")} exclude each other: give one of them`);
    }
    losers.push(rank(name) < rank(other) ? other : name);
  }
  return losers;
}

function from(origin: Origin): string {
  return origin === "flag" ? "" : ` (from ${origin})`;
}

/** A command's values by their options' names, and where they came from. */
export interface Read {
  readonly flags: Record<string, unknown>;
  readonly origins: Record<string, Origin>;
  readonly texts: Record<string, string>;
}

/**
 * The values of all options.
 *
 * @param said the texts given as flags
 * @throws {UsageError} for text that is no value of its option, and for options that exclude each other
 */
export function values(options: Options, said: Said["texts"], lookup: Lookup): Read {
  const read: Read = { flags: {}, origins: {}, texts: {} };
  const config = said.get("config")?.at(-1);
  for (const [name, option] of Object.entries(options)) {
    const given = said.get(name) ?? [];
    const found = given.length > 0 ? undefined : lookup(name, option, config);
    const { value, text, origin } = resolve(name, option, given, found);
    read.flags[name] = value;
    read.origins[name] = origin;
    if (text !== undefined) read.texts[name] = text;
  }
  for (const name of overruled(options, read.origins, read.texts)) {
    read.flags[name] = undefined;
    read.origins[name] = "default";
    delete read.texts[name];
  }
  return read;
}

/**
 * A command's values as they are by now: what was a flag stays, the rest is looked up again.
 *
 * @throws {UsageError} as {@linkcode values}
 */
export function reread<O extends Options>(
  options: O,
  { origins, texts }: Pick<Context<O>, "origins" | "texts">,
  lookup: Lookup,
): Values<O> {
  const said = Object.entries(texts).filter(([name]) => origins[name] === "flag");
  return values(options, new Map(said.map(([name, text]) => [name, [text]])), lookup).flags as Values<O>;
}

function parse(name: string, option: Option<unknown>, text: string, origin: Origin): unknown {
  try {
    return option.parse(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const what = `${origin === "flag" ? "--" : ""}${kebab(name)}${from(origin)}`;
    const meant = didYouMean(text, option.choices ?? []);
    throw new UsageError(`Cannot take "${text}" for ${what}: ${error.message}${meant}`);
  }
}

/**
 * The positional arguments, `rest` joined to them unless the command wants it apart.
 *
 * @throws {UsageError} if they are too few or too many
 */
export function checkArity(path: readonly string[], { args: usage = "" }: Command, said: Said): string[] {
  const given = usage.includes("-- ") ? [...said.args] : [...said.args, ...said.rest];
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
