/**
 * The declaration of a command: a record of its name, options and action. Parsing, help, completions and the reference
 * page are derived from the record.
 *
 * @module
 */
import type { Hint } from "./command_line.ts";
import type { Output } from "./output.ts";

/** One `--flag`. Its key in {@linkcode Options} is its name in camelCase: `dryRun` → `--dry-run`. */
export interface Option<T> {
  /** The value's name in help (`NAME`, `ID`). An option without a placeholder is a switch: `--yes`, `--no-yes`. */
  readonly placeholder?: string;
  /** The help text: one line without a full stop. */
  readonly help: string;
  /** Parses a text and returns the value. Throws `TypeError("expected …")` if the text is invalid. A switch gets "true" or "false". */
  readonly parse: (text: string) => T;
  /** The value's text when nothing sets it. Without a default the value is `undefined`, or `[]` for an option that repeats. */
  readonly default?: string;
  /** The option may be given several times. Its value is an array. */
  readonly repeat?: true;
  /** For a setting: the environment variables that set it. The first one that is set wins. */
  readonly env?: readonly string[];
  /** The option that this one replaces, by its name in camelCase. The two cannot be given together. */
  readonly excludes?: string;
  /** The values that shell completion offers. */
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

/** The source of a value: "flag", the environment variable's name, the config file's path, or "default". */
export type Origin = string;

/** The input of a command's action. */
export interface Context<O extends Options> {
  readonly flags: Values<O>;
  /** The source of each flag's value, by the option's name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Each flag's value as text. Absent if nothing sets it. */
  readonly texts: Readonly<Record<string, string>>;
  /** The positional arguments. */
  readonly args: readonly string[];
  /** The words after `--`, for a command whose `args` name them (`ID [-- CMD…]`). For other commands they are part of `args`. */
  readonly rest: readonly string[];
  readonly out: Output;
  /** The tree of all commands, for commands that describe it. */
  readonly root: Group;
  /** The signal that SIGINT and SIGTERM abort. */
  readonly signal: AbortSignal;
}

/** A command. Declare it with {@linkcode command}, which infers the types of its flags. */
export interface Command {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /**
   * The positional arguments as help shows them. They define how many arguments are allowed: `X` is required, `[X]` is
   * optional, `X…` and `[X…]` repeat. Absent: the command takes no arguments.
   */
  readonly args?: string;
  readonly options: Options;
  /** Paragraphs that follow the summary in `--help`. */
  readonly description?: string;
  /** Example command lines for `--help`, without the leading `kas`. */
  readonly examples?: readonly string[];
  /**
   * Runs the command and returns the exit status; nothing means 0. It is a method, so that TypeScript accepts a context with
   * narrower flag types. {@linkcode command} checks those types against the options.
   */
  run(context: Context<Options>): Promise<number | void> | number | void;
}

/** Declares a command and infers its flags' types from its options. */
export function command<const O extends Options>(
  record: Omit<Command, "options" | "run"> & {
    readonly options: O;
    readonly run: (context: Context<O>) => Promise<number | void> | number | void;
  },
): Command {
  return record;
}

/** A group of commands: a noun with verbs, such as `instances start`. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** Headings in the group's help, with the names of their commands. Commands without a heading are listed last. */
  readonly sections?: Readonly<Record<string, readonly string[]>>;
  /** First steps for the end of the group's help: a command without the leading `kas`, and its purpose. */
  readonly firstSteps?: readonly (readonly [command: string, what: string])[];
  readonly commands: readonly Entry[];
  /** The verb that runs when none is given: `instances` → `instances list`. */
  readonly default?: string;
}

/** A command or group that is loaded when it is chosen. This keeps start-up fast. */
export interface Lazy {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command | Group>;
}

/** A command or group inside a group. */
export type Entry = Command | Group | Lazy;

/** An option's name on the command line, in the config file and in the reference: `dryRun` → `dry-run`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Invalid usage: exit status 2. The message is one line with the nearest valid word or the expected form. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, readonly hint?: Hint) {
    super(message);
  }
}

/** A failure with its exit status: 1 failed, 3 AWS out of reach or credentials refused, 4 nothing matched. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  /** Lines that `--verbose` prints after the message. Default: the details of a cause that is an ExitError. */
  readonly details: readonly Hint[];
  constructor(
    message: string,
    readonly status: 1 | 3 | 4 = 1,
    readonly hint: Hint | undefined = undefined,
    options: ErrorOptions & { readonly details?: readonly Hint[] } = {},
  ) {
    super(message, options);
    this.details = options.details ?? (options.cause instanceof ExitError ? options.cause.details : []);
  }
}
