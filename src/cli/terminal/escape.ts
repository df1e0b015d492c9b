/**
 * Escapes characters that control a terminal or the order of text. Text from AWS, from messages and from other hosts may contain
 * such characters: an escape sequence can rewrite what the operator sees, and a bidirectional control can reorder it.
 *
 * Source: ECMA-48 (C0 and C1 controls), Unicode Standard Annex #9 (bidirectional controls).
 *
 * @module
 */

/**
 * Matches C0 and C1 controls and DEL, except tab and newline; line and paragraph separators; and bidirectional controls. Each of
 * these characters has one UTF-16 code unit.
 */
const UNSAFE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Returns whether a text contains a character that {@linkcode escaped} escapes. */
export function isUnsafe(text: string): boolean {
  return text.search(UNSAFE) >= 0;
}

/**
 * Replaces each unsafe character with its escape sequence, such as `\u009b`. Tab and newline are not replaced. JSON text keeps its
 * meaning, because in JSON these characters can occur only in strings.
 */
export function escaped(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Escapes a text as {@linkcode escaped} does, and replaces each newline and the white space around it with a space. */
export function inOneLine(text: string): string {
  return escaped(text.replace(/\s*\n\s*/g, " "));
}
