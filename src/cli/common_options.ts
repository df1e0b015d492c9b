/**
 * The options that every command takes.
 *
 * @module
 */
import type { Options } from "./command.ts";
import { flag, oneOf, text } from "./parsers.ts";

/** The options that every command takes in addition to its own options. */
export const COMMON_OPTIONS = {
  output: {
    placeholder: "FORMAT",
    help: "output format: table, tsv or json (default: table on a terminal, tsv elsewhere)",
    env: ["KAS_OUTPUT"],
    choices: ["table", "tsv", "json"],
    parse: oneOf("table", "tsv", "json"),
  },
  header: { help: "print the header line", default: "true", parse: flag },
  quiet: { help: "print only results and errors", default: "false", env: ["KAS_QUIET"], parse: flag },
  verbose: { help: "print more detail on stderr", default: "false", env: ["KAS_VERBOSE"], parse: flag },
  config: {
    placeholder: "FILE",
    help: "read this config file instead of the default config files (KAS_CONFIG)",
    parse: text,
  },
  help: { help: "print this help", default: "false", parse: flag },
} as const satisfies Options;
