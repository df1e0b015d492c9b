/**
 * A command's words read as flags and arguments, and each flag's value resolved: flag > environment > file > default.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Command, kebab, type Option, type Options, type Origin, UsageError } from "./command.ts";
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
  const isSwitch = (flag: string) => options[names.get(flag) ?? ""]?.placeholder === undefined;
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(
        [...names.keys()].map((flag) => [flag, { type: isSwitch(flag) ? "boolean" : "string" }]),
      ),
      help: { type: "boolean", short: "h" },
    },
  });

  const texts = new Map<string, string[]>();
  const args: string[] = [];
  const rest: string[] = [];
  let terminated = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") {
      terminated = true;
      continue;
    }
    if (token.kind === "positional") {
      (terminated ? rest : args).push(token.value);
      continue;
    }
    const positive = token.name.replace(/^no-/, "");
    const negated = !names.has(token.name) && names.has(positive) && isSwitch(positive);
    const flag = negated ? positive : token.name;
    const name = names.get(flag);
    const option = options[name ?? ""];
    if (name === undefined || option === undefined) {
      throw new UsageError(
        `Unknown option ${token.rawName} of ${path.join(" ")}${
          didYouMean(token.name, [...names.keys()], "--")
        }`,
      );
    }
    if (negated && token.value !== undefined) throw new UsageError(`Option --no-${flag} takes no value`);
    // A flag where a value should stand is a value forgotten; one that begins with dashes can be said with "=".
    const forgotten = token.value === undefined || (!token.inlineValue && /^--./.test(token.value));
    if (!isSwitch(flag) && forgotten) {
      throw new UsageError(`Option --${flag} needs a value: --${flag} ${option.placeholder}`);
    }
    const said = texts.get(name) ?? [];
    said.push(isSwitch(flag) ? token.value ?? String(!negated) : token.value ?? "");
    texts.set(name, said);
    if (said.length > 1 && option.repeat === undefined && !isSwitch(flag)) {
      throw new UsageError(`Option --${flag} is given more than once`);
    }
  }
  return { texts, args, rest };
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

function parse(name: string, option: Option<unknown>, text: string, origin: Origin): unknown {
  try {
    return option.parse(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const what = origin === "flag" ? `--${kebab(name)}` : `${kebab(name)} (from ${origin})`;
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
