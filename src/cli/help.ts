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
  if ("commands" in entry) {
    const lines = columns(entry.commands.map(({ name, summary }) => [name, summary]));
    return [
      ...title,
      "",
      `Usage: ${path.join(" ")} COMMAND`,
      "",
      "Commands:",
      ...lines,
      ...(entry.default ? ["", `Without a command: ${[...path, entry.default].join(" ")}`] : []),
      "",
      `See also: ${path.join(" ")} COMMAND --help`,
      "",
    ].join("\n");
  }
  const usage = [path.join(" "), "[OPTIONS]", entry.args].filter(Boolean).join(" ");
  return [
    ...title,
    "",
    `Usage: ${usage}`,
    ...section("Options:", entry.options),
    ...section("Common options:", COMMON),
    ...(entry.examples ? ["", "Examples:", ...entry.examples.map((example) => `  kas ${example}`)] : []),
    "",
  ].join("\n");
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

function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left?.length ?? 0));
  return rows.map(([left = "", right = ""]) => `  ${left.padEnd(width)}  ${right}`);
}
