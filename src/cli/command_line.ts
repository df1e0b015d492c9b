/**
 * Commands as words, and how to quote them for a shell. Every command that kas prints for an operator passes
 * {@linkcode commandText}: its words may come from AWS, from a message or from another host.
 *
 * @module
 */
import { isUnsafe } from "./terminal/escape.ts";

/** A command: the program and its arguments, as exec(3) takes them. */
export type CommandLine = readonly string[];

/** What an operator can try: a command, or a sentence. A sentence quotes a command with {@linkcode commandText}. */
export type Hint = string | CommandLine;

/** A word as a POSIX shell reads it back. Source: POSIX.1-2017, 2.2.2 Single-Quotes. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : singleQuoted(word);
}

function singleQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command as one line of shell, to be executed. */
export function quoteCommand(words: CommandLine): string {
  return words.map(quoteWord).join(" ");
}

/**
 * A command as one line to print and to paste: the shell receives exactly its words. Characters that act on a terminal are
 * escaped, which bash, zsh and ksh read back.
 */
export function commandText(words: CommandLine): string {
  return words.map(printedWord).join(" ");
}

function printedWord(word: string): string {
  if (isUnsafe(word) || /[\t\n!]/.test(word)) return ansiQuoted(word);
  // zsh expands a word that begins with "=".
  return word.startsWith("=") ? singleQuoted(word) : quoteWord(word);
}

/** A hint as text. */
export function hintText(hint: Hint): string {
  return typeof hint === "string" ? hint : commandText(hint);
}

/** A message with its hint, in one line. */
export function withHint(message: string, hint: Hint | undefined): string {
  return hint === undefined ? message : `${message}; try: ${hintText(hint)}`;
}

/**
 * A word in ANSI-C quotes, in ASCII. Octal bytes end after three digits, and depend on no locale. Source: bash(1), QUOTING.
 * An interactive bash expands "!" within quotes of other kinds.
 */
function ansiQuoted(word: string): string {
  const bytes = Array.from(
    new TextEncoder().encode(word),
    (byte) =>
      byte >= 0x20 && byte < 0x7f && !"'\\!".includes(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, "0")}`,
  );
  return `$'${bytes.join("")}'`;
}
