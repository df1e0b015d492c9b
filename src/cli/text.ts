/**
 * Measures text on a terminal, and cuts or wraps text to a width.
 *
 * @module
 */

/**
 * Returns the width of text on a terminal, in columns. An East Asian wide character or an emoji takes two columns. A combining mark
 * or a format character takes none. Source: Unicode Standard Annex #11.
 */
export function displayWidth(text: string): number {
  // Most text is ASCII, for which this path is faster.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}

const WIDE =
  /^(?:[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji}\ufe0f)/u;
const HALF_WIDTH = /^[\uff61-\uffdc\uffe8-\uffee]/;
const NO_WIDTH = /^[\p{M}\p{Cf}]+$/u;

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALF_WIDTH.test(grapheme) ? 2 : 1;
}

function graphemes(text: string): string[] {
  return Array.from(
    new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text),
    ({ segment }) => segment,
  );
}

/** Returns the beginning of a text that fits in a width in columns. */
export function cut(text: string, columns: number): string {
  let width = 0;
  let fits = "";
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns) break;
    fits += grapheme;
  }
  return fits;
}

/**
 * Wraps text at spaces into lines of at most `columns`. The first line begins with `head`, all other lines with `hang`. A word that
 * is longer than a line is not broken.
 */
export function wrap(text: string, columns: number, head = "", hang = ""): string[] {
  const lines: string[] = [];
  let line = head;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines.push(line);
      line = hang;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].map((it) => it.trimEnd());
}
