/**
 * The flags that every command takes.
 *
 * @module
 */
import type { Options } from "./command.ts";
import type { Format } from "./output.ts";

/** What every command takes, beside its own options. */
export const COMMON = {
  output: {
    placeholder: "FORMAT",
    help: "table, tsv or json; by default a table on a terminal and tsv elsewhere",
    env: ["KAS_OUTPUT"],
    choices: ["table", "tsv", "json"],
    parse: (text: string): Format => {
      if (text !== "table" && text !== "tsv" && text !== "json") {
        throw new TypeError("expected table, tsv or json");
      }
      return text;
    },
  },
  header: { help: "the header line; --no-header leaves it out", default: "true", parse: flag },
  quiet: { help: "say nothing but results and errors", default: "false", env: ["KAS_QUIET"], parse: flag },
  verbose: { help: "say more on stderr", default: "false", env: ["KAS_VERBOSE"], parse: flag },
  config: {
    placeholder: "FILE",
    help: "read settings from this file alone (KAS_CONFIG)",
    parse: (text: string): string => {
      if (text === "") throw new TypeError("expected a file's name");
      return text;
    },
  },
  help: { help: "print this help", default: "false", parse: flag },
} as const satisfies Options;

/** Parses a switch's text. */
export function flag(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new TypeError("expected true or false");
}
