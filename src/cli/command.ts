/**
 * How a command is declared: a record of its name, options and action. Everything else (parsing, help, completions,
 * the reference page) is derived from it.
 *
 * @module
 */
import type { Output } from "./output.ts";

/** One `--flag`. The key it stands under in {@linkcode Options} is its name in camelCase: `dryRun` → `--dry-run`. */
export interface Option<T> {
  /** What stands for the value in help (`NAME`, `ID`). Without it the option is a switch: `--yes`, `--no-yes`. */
  readonly placeholder?: string;
  /** One line, no full stop. */
  readonly help: string;
  /** Turns the text into the value; throws `TypeError("expected …")` on text that is not one. A switch gets "true" or "false". */
  readonly parse: (text: string) => T;
  /** The value's text when nothing sets it. Without it the value is `undefined`, or `[]` where it repeats. */
  readonly default?: string;
  /** The option may be given several times; its value is an array. */
  readonly repeat?: true;
  /** For a setting: the environment variables that set it, the first that is set wins. */
  readonly env?: readonly string[];
  /** The option that this one is given instead of, by its name in camelCase. */
  readonly excludes?: string;
  /** The words to offer after the option in a shell. */
  readonly choices?: readonly string[];
}

/** A command's options by name. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The parsed values of a set of options. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T>
    ? O[K] extends { repeat: true } ? readonly T[] : O[K] extends { default: string } ? T : T | undefined
    : never;
};

/** Where an effective value came from: "flag", the environment variable's name, the file's path, or "default". */
export type Origin = string;

/** What a command's action is given. */
export interface Context<O extends Options> {
  readonly flags: Values<O>;
  /** Where each flag's value came from, by the option's name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Each flag's value as it was written; absent where nothing sets it. */
  readonly texts: Readonly<Record<string, string>>;
  /** The positional arguments. */
  readonly args: readonly string[];
  /** What stood after `--`, for a command whose `args` name it (`ID [-- CMD…]`); elsewhere it joins `args`. */
  readonly rest: readonly string[];
  readonly out: Output;
  /** The whole tree of commands, for those that describe it. */
  readonly root: Group;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** A command that does something. Declare it with {@linkcode command}, which infers the types of its flags. */
export interface Command {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /**
   * The positional arguments as help shows them, which also says how many there may be: `X` is required, `[X]` is not, `X…`
   * and `[X…]` repeat. Absent: none are taken.
   */
  readonly args?: string;
  readonly options: Options;
  /** More to say than the summary: paragraphs after it in `--help`. */
  readonly description?: string;
  /** Lines for the end of `--help`, without the leading `kas`. */
  readonly examples?: readonly string[];
  /**
   * Does it. The number is the exit status, 0 if none. A method, so that commands whose flags are of narrower types are
   * commands too; {@linkcode command} has checked those types against the options that they are parsed by.
   */
  run(context: Context<Options>): Promise<number | void> | number | void;
}

/** A command whose flags' types are inferred from its options. */
export function command<const O extends Options>(
  record: Omit<Command, "options" | "run"> & {
    readonly options: O;
    readonly run: (context: Context<O>) => Promise<number | void> | number | void;
  },
): Command {
  return record;
}

/** A noun with verbs: `instances start`. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** The headings in its help under which the commands stand, by their names; those that are under none come last. */
  readonly sections?: Readonly<Record<string, readonly string[]>>;
  /** For the end of its help: what to do first, line by line, a command without the leading `kas` and what it is for. */
  readonly firstSteps?: readonly (readonly [command: string, what: string])[];
  readonly commands: readonly Entry[];
  /** The verb that is meant when none is given: `instances` → `instances list`. */
  readonly default?: string;
}

/** A command or group that is loaded when it is chosen, so that start-up costs only what is used. */
export interface Lazy {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command | Group>;
}

/** What a group lists. */
export type Entry = Command | Group | Lazy;

/** `dryRun` → `dry-run`: an option's name as the command line, the config file and the reference write it. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Bad usage: exit status 2. The message is one line, with the nearest valid word or the form expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** A failure with an exit status of the contract's: 1 failed, 3 AWS out of reach or credentials refused, 4 nothing matched. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  /** What `--verbose` tells beside it, a line each; those of a cause of the same kind unless others are given. */
  readonly details: readonly string[];
  constructor(
    message: string,
    readonly status: 1 | 3 | 4 = 1,
    readonly hint: string | undefined = undefined,
    options: ErrorOptions & { readonly details?: readonly string[] } = {},
  ) {
    super(message, options);
    this.details = options.details ?? (options.cause instanceof ExitError ? options.cause.details : []);
  }
}
