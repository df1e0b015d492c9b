/**
 * The words that a shell can offer after each command. They come from the tree of commands.
 *
 * @module
 */
import { type Command, type Entry, type Group, kebab, type Options } from "../../cli/command.ts";
import { COMMON_OPTIONS } from "../../cli/common_options.ts";

/** A word that the shell can offer, and its summary. */
interface Word {
  readonly word: string;
  readonly summary: string;
}

/** A command or group, and the words that the shell can offer after it. */
export interface CompletionPoint {
  /** The words of the command, such as `kas admin instances`. */
  readonly path: string;
  /** The subcommands and flags of the command. */
  readonly words: readonly Word[];
  /** The flags with a fixed set of values, and those values. */
  readonly choices: readonly { readonly flag: string; readonly words: readonly string[] }[];
}

/** Returns the completion points of all commands. Loads every command. */
export async function completionPoints(root: Group): Promise<CompletionPoint[]> {
  return await below(root, [root.name]);
}

async function below(entry: Command | Group, path: readonly string[]): Promise<CompletionPoint[]> {
  if (!("commands" in entry)) return [pointOf(path, entry.options, [])];
  const loaded = await Promise.all(entry.commands.map(load));
  const inner = await Promise.all(loaded.map((child) => below(child, [...path, child.name])));
  // After the name of a group, the operator can also give the flags of the group's default command.
  const byDefault = loaded.find(({ name }) => name === entry.default);
  const options = byDefault === undefined || "commands" in byDefault ? {} : byDefault.options;
  const words = entry.commands.map(({ name, summary }) => ({ word: name, summary }));
  return [pointOf(path, options, words), ...inner.flat()];
}

async function load(entry: Entry): Promise<Command | Group> {
  return "load" in entry ? await entry.load() : entry;
}

function pointOf(path: readonly string[], own: Options, subcommands: readonly Word[]): CompletionPoint {
  const options: Options = Object.keys(own).length > 0 || subcommands.length === 0
    ? { ...COMMON_OPTIONS, ...own }
    : {};
  const flags = Object.entries(options).map(([name, option]) => ({ flag: `--${kebab(name)}`, option }));
  return {
    path: path.join(" "),
    words: [...subcommands, ...flags.map(({ flag, option }) => ({ word: flag, summary: option.help }))],
    choices: flags.flatMap(({ flag, option }) =>
      option.choices === undefined ? [] : [{ flag, words: option.choices }]
    ),
  };
}
