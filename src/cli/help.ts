/**
 * The text of `--help`, made from a command's record.
 *
 * @module
 */
import { type Command, type Group, kebab, type Option, type Options } from "./command.ts";
import { COMMON } from "./common.ts";

/** The help text of the command or group at a path such as `["kas", "admin", "instances"]`. */
export function help(path: readonly string[], entry: Command | Group): string {
  const title = [`${entry.summary}.`, ...(entry.description ? ["", entry.description] : [])];
  return ("commands" in entry ? groupHelp(path, title, entry) : commandHelp(path, title, entry)).join("\n") +
    "\n";
}

function groupHelp(path: readonly string[], title: readonly string[], group: Group): string[] {
  const { sections = {}, firstSteps = [] } = group;
  const named = new Set(Object.values(sections).flat());
  const others = group.commands.map(({ name }) => name).filter((name) => !named.has(name));
  const rows = new Map(group.commands.map(({ name, summary }) => [name, [name, summary]]));
  const width = Math.max(...rows.keys().map(({ length }) => length));
  const listed = Object.entries({ ...sections, [named.size === 0 ? "Commands" : "More"]: others })
    .map(([heading, names]) =>
      [heading, names.map((name) => rows.get(name)).filter((row) => row !== undefined)] as const
    )
    .filter(([, rows]) => rows.length > 0)
    .flatMap(([heading, rows]) => ["", `${heading}:`, ...columns(rows, width)]);
  return [
    ...title,
    "",
    `Usage: ${path.join(" ")} COMMAND`,
    ...listed,
    ...(group.default ? ["", `Without a command: ${[...path, group.default].join(" ")}`] : []),
    ...(firstSteps.length > 0
      ? ["", "First steps:", ...columns(firstSteps.map(([command, what]) => [`kas ${command}`, what]))]
      : []),
    "",
    `See also: ${path.join(" ")} COMMAND --help`,
  ];
}

/** What is a setting can be set in the environment and in config files too, and stands apart: many commands share it. */
function commandHelp(
  path: readonly string[],
  title: readonly string[],
  { options, args, examples }: Command,
): string[] {
  const isSetting = ([, { env }]: [string, Option<unknown>]) => env !== undefined;
  const own = Object.entries(options).filter((entry) => !isSetting(entry));
  return [
    ...title,
    "",
    `Usage: ${[path.join(" "), "[OPTIONS]", args].filter(Boolean).join(" ")}`,
    ...section("Options:", Object.fromEntries(own)),
    ...section("Settings:", Object.fromEntries(Object.entries(options).filter(isSetting))),
    ...section("Common options:", COMMON),
    ...(examples ? ["", "Examples:", ...examples.map((example) => `  kas ${example}`)] : []),
  ];
}

function section(title: string, options: Options): string[] {
  const rows = Object.entries(options).map(([name, option]) => [flagUsage(name, option), optionHelp(option)]);
  return rows.length === 0 ? [] : ["", title, ...columns(rows)];
}

/** `--listen HOST:PORT`; a switch that is on by default is `--[no-]header`. */
export function flagUsage(name: string, option: Option<unknown>): string {
  const on = option.placeholder === undefined && option.default === "true";
  const flag = `--${on ? "[no-]" : ""}${kebab(name)}`;
  return [flag, option.placeholder, option.repeat && "…"].filter(Boolean).join(" ");
}

function optionHelp(option: Option<unknown>): string {
  const facts = [
    option.placeholder !== undefined && option.default !== undefined
      ? `default ${option.default}`
      : undefined,
    option.env?.[0],
  ].filter(Boolean);
  return option.help + (facts.length > 0 ? ` (${facts.join(", ")})` : "");
}

function columns(
  rows: readonly (readonly string[])[],
  width = Math.max(...rows.map(([left]) => left?.length ?? 0)),
): string[] {
  return rows.map(([left = "", right = ""]) => `  ${left.padEnd(width)}  ${right}`);
}
