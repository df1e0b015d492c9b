/**
 * Characters that act on a terminal or on the order of text, made visible. Text from AWS, from messages and from other hosts may
 * contain them: an escape sequence rewrites what the operator sees, and a bidirectional control reorders it.
 *
 * Source: ECMA-48 (C0 and C1 controls), Unicode Standard Annex #9 (bidirectional controls).
 *
 * @module
 */

/** All but tab and newline: C0, DEL, C1, line and paragraph separators, bidirectional controls. All are in the BMP. */
const UNSAFE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Whether a text has a character that {@linkcode escaped} escapes. */
export function isUnsafe(text: string): boolean {
  return text.search(UNSAFE) >= 0;
}

/**
 * The text with each unsafe character as `\u009b`. Tab and newline stay. JSON text keeps its meaning, because in JSON these
 * characters can only occur in strings.
 */
export function escaped(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text in one line: {@linkcode escaped}, with a space for each newline and the space around it. */
export function inOneLine(text: string): string {
  return escaped(text.replace(/\s*\n\s*/g, " "));
}
