/**
 * From the words of a command line to a command's action: finds the command, reads its flags, resolves their values.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import {
  type Command,
  type Entry,
  type Group,
  kebab,
  type Option,
  type Options,
  type Origin,
  UsageError,
} from "./command.ts";
import { COMMON } from "./common.ts";
import { help } from "./help.ts";
import { type Format, Output, type Terminal } from "./output.ts";

/** A value's text and where it came from; undefined if nothing sets it. */
export type Found = { readonly text: string; readonly origin: Origin } | undefined;

/** Looks an option up where no flag was given: environment, config file. `config` is the value of `--config`. */
export type Lookup = (name: string, option: Option<unknown>, config: string | undefined) => Found;

/**
 * Runs the command that `argv` names in the tree under `root`.
 *
 * @returns the exit status
 * @throws {UsageError} for words that name no command, flag or value
 */
export async function run(
  root: Group,
  argv: readonly string[],
  io: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly lookup: Lookup },
): Promise<number> {
  const split = argv.indexOf("--");
  const words = split < 0 ? [...argv] : argv.slice(0, split);
  const rest = split < 0 ? [] : argv.slice(split + 1);
  const { path, entry, words: remaining } = await find(root, words);

  if ("commands" in entry) {
    if (words.some((word) => word === "--help" || word === "-h")) {
      io.terminal.write(help(path, entry));
      return 0;
    }
    const word = remaining[0];
    const names = entry.commands.map(({ name }) => name);
    throw word === undefined
      ? new UsageError(`${path.join(" ")} needs a command: ${names.join(", ")}`, `${path.join(" ")} --help`)
      : word.startsWith("-")
      ? new UsageError(`Unknown option ${word} of ${path.join(" ")}`, `${path.join(" ")} --help`)
      : new UsageError(`Unknown command "${word}" of ${path.join(" ")}`, nearest([...path, ""].join(" "), word, names));
  }

  const { values, args, given } = read(path, entry, remaining);
  if (given.help) {
    io.terminal.write(help(path, entry));
    return 0;
  }
  const flags: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  const config = given["config"] as string | undefined;
  for (const [name, option] of Object.entries({ ...COMMON, ...entry.options } as Options)) {
    const [value, origin] = resolve(name, option, values[name], config, io.lookup);
    flags[name] = value;
    origins[name] = origin;
  }
  checkArity(path, entry, args);
  const out = new Output(io.terminal, {
    format: (flags.output as Format | undefined) ?? (io.terminal.interactive ? "table" : "tsv"),
    header: flags.header as boolean,
    quiet: flags.quiet as boolean,
    verbose: flags.verbose as boolean,
  });
  return (await entry.run({ flags, origins, args, rest, out, signal: io.signal })) ?? 0;
}

/** Follows the words down the tree; a group's default verb is taken where no verb is named. */
async function find(
  root: Group,
  words: readonly string[],
): Promise<{ path: string[]; entry: Command | Group; words: string[] }> {
  const path = [root.name];
  const remaining = [...words];
  let entry: Command | Group = root;
  while ("commands" in entry) {
    const group: Group = entry;
    const word: string | undefined = remaining[0];
    const named: Entry | undefined = group.commands.find(({ name }) => name === word);
    if (named !== undefined) remaining.shift();
    const helpAsked = word === "--help" || word === "-h";
    const next: Entry | undefined = named ??
      (!helpAsked && (word === undefined || word.startsWith("-"))
        ? group.commands.find(({ name }) => name === group.default)
        : undefined);
    if (next === undefined) break;
    path.push(next.name);
    entry = "load" in next ? await next.load() : next;
  }
  return { path, entry, words: remaining };
}

/** Splits a command's words into flags' texts and positional arguments. */
function read(
  path: readonly string[],
  command: Command,
  words: readonly string[],
): { values: Record<string, string | string[]>; args: string[]; given: Record<string, unknown> } {
  const options: Options = { ...COMMON, ...command.options };
  const byFlag = new Map(Object.keys(options).map((name) => [kebab(name), name]));
  const isSwitch = (name: string) => options[byFlag.get(name) ?? ""]?.placeholder === undefined;
  const names = [...byFlag.keys()];
  const unknown = (flag: string): UsageError =>
    new UsageError(
      `Unknown option ${flag} of ${path.join(" ")}`,
      nearest("--", flag.replace(/^-+/, ""), names) ?? `${path.join(" ")} --help`,
    );

  const strings = names.filter((name) => !isSwitch(name));
  const parsed = parseArgs(words.map((word) => (word === "-h" ? "--help" : word)), {
    boolean: names.filter(isSwitch),
    negatable: names.filter(isSwitch),
    string: ["_", ...strings],
    collect: strings,
    unknown: (arg, key) => {
      if (key !== undefined || /^-./.test(arg)) throw unknown(arg.replace(/=.*/s, ""));
      return true;
    },
  });

  const values: Record<string, string | string[]> = {};
  for (const [flagName, name] of byFlag) {
    const said = words.some((word) => new RegExp(`^--(no-)?${flagName}(=|$)`).test(word));
    const value = parsed[flagName];
    if (isSwitch(flagName)) {
      if (said) values[name] = String(value);
      continue;
    }
    const texts = (value as string[] | undefined) ?? [];
    if (texts.length === 0) continue;
    if (texts.includes("")) {
      if (!words.includes(`--${flagName}=`)) {
        throw new UsageError(`Option --${flagName} needs a value`, `--${flagName} ${options[name]?.placeholder}`);
      }
    }
    if (options[name]?.repeat) values[name] = texts;
    else if (texts.length > 1) throw new UsageError(`Option --${flagName} is given ${texts.length} times`, "give it once");
    else values[name] = texts[0] ?? "";
  }
  return {
    values,
    args: parsed._.map(String),
    given: { help: parsed["help"] === true, config: values["config"] },
  };
}

/** An option's value: flag > environment > file > default. */
function resolve(
  name: string,
  option: Option<unknown>,
  given: string | string[] | undefined,
  config: string | undefined,
  lookup: Lookup,
): [unknown, Origin] {
  const parse = (text: string, origin: Origin) => {
    try {
      return option.parse(text);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const what = origin === "flag" ? `--${kebab(name)}` : `${kebab(name)} (from ${origin})`;
      throw new UsageError(`Cannot take "${text}" for ${what}: ${error.message}`, option.help);
    }
  };
  if (Array.isArray(given)) return [given.map((text) => parse(text, "flag")), "flag"];
  if (given !== undefined) return [parse(given, "flag"), "flag"];
  const found = lookup(name, option, config);
  if (found !== undefined) {
    const value = option.repeat
      ? found.text.split(",").map((text) => parse(text, found.origin))
      : parse(found.text, found.origin);
    return [value, found.origin];
  }
  if (option.default !== undefined) return [option.repeat ? [parse(option.default, "default")] : parse(option.default, "default"), "default"];
  return [option.repeat ? [] : undefined, "default"];
}

function checkArity(path: readonly string[], { args }: Command, given: readonly string[]): void {
  const usage = `${path.join(" ")} ${args ?? ""}`.trim();
  const words = args?.split(/ (?![^[]*\])/).filter((word) => /[A-Z]/.test(word)) ?? [];
  const fewest = words.filter((word) => !word.startsWith("[")).length;
  const most = args?.includes("…") ? Infinity : words.length;
  if (given.length < fewest) throw new UsageError(`${path.join(" ")} needs ${args}`, usage);
  if (given.length > most) {
    throw new UsageError(`Unexpected argument "${given[most]}" of ${path.join(" ")}`, usage);
  }
}

/** `prefix + word` for the valid word nearest to the given one, undefined if none is near. */
export function nearest(prefix: string, word: string, words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const best = closestString(word, words);
  return prefix + best;
}
