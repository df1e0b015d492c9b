/**
 * Commands as data: an array of words, and how a shell is told them.
 *
 * @module
 */

/** A command's words: the program and its arguments, as exec takes them. */
export type Words = readonly string[];

/** A word as a POSIX shell reads it back. Source: POSIX.1-2017, 2.2.2 Single-Quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Words as one line of shell. */
export function line(words: Words): string {
  return words.map(quoted).join(" ");
}
