/**
 * `kas admin completions`: prints a shell's completion script, generated from the tree of commands.
 *
 * @module
 */
import { command, type Group } from "../../cli/command.ts";
import { completionPoints } from "./completion_points.ts";
import { bash, fish, zsh } from "./completion_scripts.ts";

const SHELLS = { bash, zsh, fish } as const;

/** The command `kas admin completions`. */
export const completions: Group = {
  name: "completions",
  summary: "Print the completion script for bash, zsh or fish",
  commands: Object.entries(SHELLS).map(([name, script]) =>
    command({
      name,
      summary: `Print the completion script for ${name}`,
      options: {},
      run: async ({ root, out }) => out.text(script(await completionPoints(root)).trimEnd()),
    })
  ),
};
