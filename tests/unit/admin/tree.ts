/**
 * Lists all commands of `kas admin`.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import type { Command, Group } from "../../../src/cli/command.ts";

/** The command tree of kas, with only the command `kas admin`. */
export const ROOT: Group = { name: "kas", summary: "kas", commands: [admin] };

/** Returns every command by its path, such as `admin instances list`. */
export async function commands(entry: Command | Group = ROOT): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  if (!("commands" in entry)) return found.set("", entry);
  for (const child of entry.commands) {
    for (const [path, command] of await commands("load" in child ? await child.load() : child)) {
      found.set(`${child.name} ${path}`.trimEnd(), command);
    }
  }
  return found;
}

/** Returns the path of the command that the words on a command line call, as a key of {@linkcode commands}. */
export async function commandOf(
  [word, ...rest]: readonly string[],
  entry: Command | Group = ROOT,
): Promise<string> {
  if (!("commands" in entry)) return "";
  const named = entry.commands.find(({ name }) => name === word);
  const child = named ?? entry.commands.find(({ name }) => name === entry.default);
  if (child === undefined) throw new Error(`${word} is not a command of ${entry.name}`);
  const inner = await commandOf(named ? rest : [], "load" in child ? await child.load() : child);
  return `${child.name} ${inner}`.trimEnd();
}
