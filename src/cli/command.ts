/**
 * The declaration of a command: a record with the command's name, options and action. kas uses the record to parse the command
 * line and to print help and completions. `deno task docs` generates docs/commands.md from the same records.
 *
 * @module
 */
import type { Hint } from "./command_line.ts";
import type { Output } from "./output.ts";

/** One `--flag`. Its key in {@linkcode Options} is its name in camelCase: `dryRun` → `--dry-run`. */
export interface Option<T> {
  /** The name for the value in help, such as `NAME`. An option without a placeholder is a switch: `--yes`, `--no-yes`. */
  readonly placeholder?: string;
  /** The help text: one line without a full stop. */
  readonly help: string;
  /**
   * Parses a text and returns the value. Throws `TypeError("expected …")` if the text is invalid. A switch gets "true" or
   * "false". May return a promise of the value.
   */
  readonly parse: (text: string) => T;
  /**
   * The text of the value if neither flag, environment nor config file sets the option. Without a default the value is then
   * `undefined`, or `[]` if `repeat` is true.
   */
  readonly default?: string;
  /** True: the operator can give the option several times, and the option's value is an array. */
  readonly repeat?: true;
  /** For a setting: the environment variables that set the option. If several are set, kas uses the first one in this list. */
  readonly env?: readonly string[];
  /** Name in camelCase of an option that the operator cannot give together with this one. */
  readonly excludes?: string;
  /** True: the value is a secret. kas does not print its text. */
  readonly secret?: true;
  /** The values that shell completion offers. */
  readonly choices?: readonly string[];
}

/** A command's options by name. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The parsed values of a set of options. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T>
    ? O[K] extends { repeat: true } ? readonly Awaited<T>[]
    : O[K] extends { default: string } ? Awaited<T>
    : Awaited<T> | undefined
    : never;
};

/** The source of a value: "flag", the environment variable's name, the config file's path, or "default". */
export type Origin = string;

/** The input of a command's action. */
export interface Context<O extends Options> {
  readonly flags: Values<O>;
  /** The source of each flag's value, by the option's name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** The text of each option's value. An option without a value has no key. */
  readonly texts: Readonly<Record<string, string>>;
  /** The positional arguments. */
  readonly args: readonly string[];
  /** The words after `--`, if the command's usage contains `--` (`ID [-- CMD…]`). For other commands these words are in `args`. */
  readonly rest: readonly string[];
  readonly out: Output;
  /** The tree of all commands. The command `completions` needs this tree. */
  readonly root: Group;
  /** Signal that aborts when the process receives SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** A command. Declare it with {@linkcode command}, which infers the types of its flags. */
export interface Command {
  readonly name: string;
  /** What the command does, in one line without a full stop. */
  readonly summary: string;
  /**
   * The usage of the positional arguments, as help shows it. The usage defines how many arguments the command takes: `X` is
   * required, `[X]` is optional, and `X…` and `[X…]` stand for any number. Absent: the command takes no arguments.
   */
  readonly args?: string;
  readonly options: Options;
  /** Paragraphs that follow the summary in `--help`. */
  readonly description?: string;
  /** Example command lines for `--help`, without the leading `kas`. */
  readonly examples?: readonly string[];
  /**
   * Runs the command and returns the exit status. Without a return value the exit status is 0.
   *
   * `run` is a method, because TypeScript accepts for a method an action whose flags have narrower types than `Options`.
   * {@linkcode command} infers the types of the flags from the options.
   */
  run(context: Context<Options>): Promise<number | void> | number | void;
}

/** Declares a command, and infers the types of the command's flags from its options. */
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
  /** First steps that help prints after the commands: each is a command without the leading `kas`, and the command's purpose. */
  readonly firstSteps?: readonly (readonly [command: string, what: string])[];
  readonly commands: readonly Entry[];
  /** Name of the command that runs if the operator names only the group: `instances` → `instances list`. */
  readonly default?: string;
}

/** A command or group that kas loads only if the command line names it. This makes kas start faster. */
export interface Lazy {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command | Group>;
}

/** A command or group inside a group. */
export type Entry = Command | Group | Lazy;

/** Returns an option's name as the command line, the config file and the docs write it: `dryRun` → `dry-run`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Error: the command line or a setting is invalid. The exit status is 2. The message suggests a valid word or names the valid
 * form.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, readonly hint?: Hint) {
    super(message);
  }
}

/**
 * Error with an exit status: 3 if AWS is unreachable or refuses the credentials, 4 if nothing matched, 1 for all other failures.
 */
export class ExitError extends Error {
  override readonly name = "ExitError";
  /**
   * Lines that kas prints after the message if `--verbose` is set. Default: the details of the cause, if the cause is an
   * ExitError.
   */
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
