/**
 * Commands as lists of words, and how to quote these words for a shell. kas formats each command that it prints for an operator
 * with {@linkcode commandText}, because the command's words may come from AWS, from a message or from another host.
 *
 * @module
 */
import { isUnsafe } from "./terminal/escape.ts";

/** A command: the program and its arguments, as exec(3) takes them. */
export type CommandLine = readonly string[];

/**
 * What an operator can try: a command, or a sentence. If a sentence contains a command, {@linkcode commandText} formats that
 * command.
 */
export type Hint = string | CommandLine;

/** Quotes a word, so that a POSIX shell reads the same word. Source: POSIX.1-2017, 2.2.2 Single-Quotes. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : singleQuoted(word);
}

function singleQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Formats a command as one line that a shell executes. */
export function quoteCommand(words: CommandLine): string {
  return words.map(quoteWord).join(" ");
}

/**
 * Formats a command as one line that an operator can paste into a shell. The shell then reads the same words. This function
 * escapes characters that control a terminal, in a form that bash, zsh and ksh understand.
 */
export function commandText(words: CommandLine): string {
  return words.map(printedWord).join(" ");
}

function printedWord(word: string): string {
  if (isUnsafe(word) || /[\t\n!]/.test(word)) return ansiQuoted(word);
  // zsh replaces an unquoted word `=name` with the path of the program `name`.
  return word.startsWith("=") ? singleQuoted(word) : quoteWord(word);
}

/** Formats a hint as text. */
export function hintText(hint: Hint): string {
  return typeof hint === "string" ? hint : commandText(hint);
}

/** Returns a message and its hint in one line. */
export function withHint(message: string, hint: Hint | undefined): string {
  return hint === undefined ? message : `${message}; try: ${hintText(hint)}`;
}

/**
 * Quotes a word in ANSI-C quotes, with ASCII characters only. Other bytes are octal with three digits: this form does not depend on
 * the locale. An interactive bash expands "!" in double quotes, but not in ANSI-C quotes. Source: bash(1), QUOTING.
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
