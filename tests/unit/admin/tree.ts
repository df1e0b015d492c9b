/**
 * All commands of `kas admin`.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import type { Command, Group } from "../../../src/cli/command.ts";

/** kas with no other command than `kas admin`. */
export const ROOT: Group = { name: "kas", summary: "kas", commands: [admin] };

/** Every command by its path: `admin instances list`. */
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

/** The path of the command that words call, as in {@linkcode commands}, with a group's default command. */
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
