/**
 * The tree of `kas admin`'s commands, for tests that must miss none of them.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import type { Command, Group } from "../../../src/cli/command.ts";

/** kas with `kas admin` alone. */
export const ROOT: Group = { name: "kas", summary: "kas", commands: [admin] };

/** Every command by its words: `admin instances list`. */
export async function commands(place: Command | Group = ROOT): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  if (!("commands" in place)) return found.set("", place);
  for (const entry of place.commands) {
    for (const [path, command] of await commands("load" in entry ? await entry.load() : entry)) {
      found.set(`${entry.name} ${path}`.trimEnd(), command);
    }
  }
  return found;
}

/** The command that words lead to, as {@linkcode commands} has it; a group's default verb need not be said. */
export async function commandOf(
  [word, ...rest]: readonly string[],
  place: Command | Group = ROOT,
): Promise<string> {
  if (!("commands" in place)) return "";
  const entry = place.commands.find(({ name }) => name === word);
  const meant = entry ?? place.commands.find(({ name }) => name === place.default);
  if (meant === undefined) throw new Error(`${word} is no command of ${place.name}`);
  const inner = await commandOf(entry ? rest : [], "load" in meant ? await meant.load() : meant);
  return `${meant.name} ${inner}`.trimEnd();
}
