/**
 * Why a source of a metric has no value.
 *
 * @module
 */

/** The largest number of characters of another program's text in a message. */
const MOST = 200;

/** Error: a source of a metric has no value. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** Returns a text of another program in one line, cut after {@linkcode MOST} characters. */
export function quoted(text: string): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}
