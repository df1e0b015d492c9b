/**
 * Runs a command line: finds the command, reads its flags, and calls its action.
 *
 * @module
 */
import { type Command, type Entry, type Group, type Options, UsageError } from "./command.ts";
import { COMMON_OPTIONS } from "./common_options.ts";
import { checkArity, type Lookup, readFlags, values } from "./flags.ts";
import { help } from "./help.ts";
import { didYouMean } from "./nearest.ts";
import { type Format, Output, type Terminal } from "./output.ts";

/**
 * Runs the command that `argv` names in the tree under `root`.
 *
 * @returns the exit status
 * @throws {UsageError} for an unknown command or flag, or an invalid value
 */
export async function run(
  root: Group,
  argv: readonly string[],
  io: {
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
    readonly lookup: Lookup;
    /** Called before the command runs, with its output. */
    readonly onOutput?: (out: Output) => void;
  },
): Promise<number> {
  const { path, entry, words } = await find(root, argv);
  const printHelp = () => {
    const { interactive, columns } = io.terminal;
    io.terminal.write(help(path, entry, interactive ? columns : Infinity));
    return 0;
  };
  if ("commands" in entry) {
    if (!isHelp(words[0])) throw noCommand(path, entry, words[0]);
    return printHelp();
  }

  const options: Options = { ...COMMON_OPTIONS, ...entry.options };
  const line = readFlags(path, options, words);
  if (line.texts.get("help")?.at(-1) === "true") return printHelp();
  const { flags, origins, texts } = await values(options, line.texts, io.lookup);
  const args = checkArity(path, entry, line);
  const out = new Output(io.terminal, {
    format: (flags["output"] as Format | undefined) ?? (io.terminal.interactive ? "table" : "tsv"),
    header: flags["header"] as boolean,
    quiet: flags["quiet"] as boolean,
    verbose: flags["verbose"] as boolean,
  });
  io.onOutput?.(out);
  const { signal } = io;
  try {
    return (await entry.run({ flags, origins, texts, args, rest: line.rest, out, root, signal })) ?? 0;
  } finally {
    out.end();
  }
}

/**
 * Finds the command that the words name. If the words name only a group, finds the group's default command. `kas help X` means
 * `kas X --help`.
 */
async function find(
  root: Group,
  argv: readonly string[],
): Promise<{ path: string[]; entry: Command | Group; words: string[] }> {
  const path = [root.name];
  let words = [...argv];
  let entry: Command | Group = root;
  while ("commands" in entry) {
    const group: Group = entry;
    let word = words[0];
    const named = (name: string | undefined): Entry | undefined =>
      group.commands.find((entry) => entry.name === name);
    if (word === "help" && named(word) === undefined) {
      words = [...words.slice(1), "--help"];
      word = words[0];
    }
    let next = named(word);
    if (next !== undefined) words.shift();
    else if (word === undefined || (word.startsWith("-") && !isHelp(word))) next = named(group.default);
    if (next === undefined) break;
    path.push(next.name);
    entry = "load" in next ? await next.load() : next;
  }
  return { path, entry, words };
}

function isHelp(word: string | undefined): boolean {
  return word === "--help" || word === "-h";
}

function noCommand(path: readonly string[], group: Group, word: string | undefined): UsageError {
  const names = group.commands.map(({ name }) => name);
  const self = path.join(" ");
  if (word === undefined) {
    return new UsageError(`${self} needs a command: ${names.join(", ")}`, `${self} --help`);
  }
  if (word.startsWith("-")) {
    return new UsageError(
      `Unknown option ${word} of ${self}; put options after the command: ${self} COMMAND ${word}`,
    );
  }
  const suggestion = didYouMean(word, names) || `; the commands are ${names.join(", ")}`;
  return new UsageError(`Unknown command "${word}" of ${self}${suggestion}`);
}
