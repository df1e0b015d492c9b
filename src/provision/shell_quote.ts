/**
 * Commands as argument arrays, and how to quote them for a shell.
 *
 * @module
 */

/** A command: the program and its arguments, as exec(3) takes them. */
export type Argv = readonly string[];

/** A word as a POSIX shell reads it back. Source: POSIX.1-2017, 2.2.2 Single-Quotes. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command as one line of shell. */
export function quoteCommand(argv: Argv): string {
  return argv.map(quoteWord).join(" ");
}
