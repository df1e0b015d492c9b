/**
 * What a setting consists of.
 *
 * @module
 */

/** A setting. A command can use it as an option. */
export interface Setting<T> {
  readonly placeholder?: string;
  readonly help: string;
  readonly parse: (text: string) => T;
  readonly default?: string;
  readonly env: readonly string[];
  /** Name of a setting that the operator cannot give together with this one. */
  readonly excludes?: string;
  /** True: the value is a secret. kas does not print its text. */
  readonly secret?: true;
  /**
   * `process`: all fleets of a process share the value. `fleet`: each fleet has its own value, so that a value for several fleets makes
   * no sense. Absent: a config file with several fleets can set the value for all of them and for each.
   */
  readonly scope?: "process" | "fleet";
}

/** Declares a setting, whose environment variable is `KAS_` and its name. */
export function setting<
  T,
  const D extends {
    default?: string;
    placeholder?: string;
    env?: readonly string[];
    excludes?: string;
    repeat?: true;
    secret?: true;
    scope?: "process" | "fleet";
  },
>(
  name: string,
  parse: (text: string) => T,
  help: string,
  more: D,
): Setting<T> & D & { readonly env: readonly string[] } {
  const own = "KAS_" + name.toUpperCase().replaceAll("-", "_");
  return { help, parse, ...more, env: [own, ...more.env ?? []] };
}
