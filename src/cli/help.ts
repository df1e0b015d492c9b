/**
 * The text of `--help`, generated from a command's record.
 *
 * @module
 */
import { type Command, type Group, kebab, type Option, type Options } from "./command.ts";
import { COMMON_OPTIONS } from "./common_options.ts";
import { wrap } from "./text.ts";

/**
 * Minimum width of an explanation that is printed beside a name, in columns. On a narrower terminal it is printed below the name.
 */
const MIN_EXPLANATION_WIDTH = 40;

/**
 * Returns the help text of a command or group.
 *
 * @param path the words that name the command, such as `["kas", "admin", "instances"]`
 * @param within the width in columns. Usage lines and examples are never wrapped, so that an operator can copy them
 */
export function help(path: readonly string[], entry: Command | Group, within = Infinity): string {
  const lines = [
    ...wrap(`${entry.summary}.`, within),
    ...(entry.description ? ["", ...paragraphs(entry.description, within)] : []),
    "",
    ...("commands" in entry ? groupHelp(path, entry, within) : commandHelp(path, entry, within)),
  ];
  return lines.join("\n") + "\n";
}

/** Wraps paragraphs to a width. Without a width the paragraphs keep their line breaks. */
function paragraphs(text: string, within: number): string[] {
  if (within === Infinity) return text.split("\n");
  return text.split("\n\n").flatMap((paragraph, i) => [
    ...(i > 0 ? [""] : []),
    ...wrap(paragraph.replaceAll("\n", " "), within),
  ]);
}

function groupHelp(path: readonly string[], group: Group, within: number): string[] {
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
    .flatMap(([heading, rows]) => ["", `${heading}:`, ...columns(rows, within, width)]);
  return [
    `Usage: ${path.join(" ")} COMMAND`,
    ...listed,
    ...(group.default ? ["", `Default command: ${[...path, group.default].join(" ")}`] : []),
    ...(firstSteps.length > 0
      ? [
        "",
        "First steps:",
        ...columns(firstSteps.map(([command, what]) => [`kas ${command}`, what]), within),
      ]
      : []),
    "",
    `See also: ${path.join(" ")} COMMAND --help`,
  ];
}

/**
 * Returns the help of a command. It lists settings separately from the command's own options, because many commands share
 * settings.
 */
function commandHelp(
  path: readonly string[],
  { options, args, examples }: Command,
  within: number,
): string[] {
  const isSetting = ([, { env }]: [string, Option<unknown>]) => env !== undefined;
  const own = Object.entries(options).filter((entry) => !isSetting(entry));
  return [
    `Usage: ${[path.join(" "), "[OPTIONS]", args].filter(Boolean).join(" ")}`,
    ...section("Options:", Object.fromEntries(own), within),
    ...section("Settings:", Object.fromEntries(Object.entries(options).filter(isSetting)), within),
    ...section("Common options:", COMMON_OPTIONS, within),
    ...(examples ? ["", "Examples:", ...examples.map((example) => `  kas ${example}`)] : []),
  ];
}

function section(title: string, options: Options, within: number): string[] {
  const rows = Object.entries(options).map(([name, option]) => [flagUsage(name, option), optionHelp(option)]);
  return rows.length === 0 ? [] : ["", title, ...columns(rows, within)];
}

/** Returns an option as help shows it: `--listen HOST:PORT`, or `--[no-]header` for a switch whose default is true. */
export function flagUsage(name: string, option: Option<unknown>): string {
  const on = option.placeholder === undefined && option.default === "true";
  const flag = `--${on ? "[no-]" : ""}${kebab(name)}`;
  return [flag, option.placeholder, option.repeat && "…"].filter(Boolean).join(" ");
}

function optionHelp(option: Option<unknown>): string {
  const notes = [
    option.placeholder !== undefined && option.default !== undefined
      ? `default ${option.default}`
      : undefined,
    option.env?.[0],
  ].filter(Boolean);
  return option.help + (notes.length > 0 ? ` (${notes.join(", ")})` : "");
}

function columns(
  rows: readonly (readonly string[])[],
  within: number,
  width = Math.max(...rows.map(([left]) => left?.length ?? 0)),
): string[] {
  const isNarrow = within - width - 4 < MIN_EXPLANATION_WIDTH;
  const hang = " ".repeat(isNarrow ? 6 : width + 4);
  return rows.flatMap(([left = "", right = ""]) =>
    isNarrow
      ? [`  ${left}`, ...wrap(right, within, hang, hang)]
      : wrap(right, within, `  ${left.padEnd(width)}  `, hang)
  );
}
