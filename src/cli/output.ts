/**
 * What a command prints: rows on stdout as a table, TSV or JSON; progress, notes and errors on stderr.
 *
 * @module
 */

/** A cell. `undefined`, null and "" print as `-`, a boolean as yes or no. In JSON each stays what it is; absent is null. */
export type Cell = string | number | boolean | null | undefined;

/** A record to print; keys that are no column are left out. */
export type Row = Readonly<Record<string, Cell>>;

/** How rows are printed. */
export type Format = "table" | "tsv" | "json";

/** Where the bytes go; a test hands in its own. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** stdout is a terminal. */
  readonly interactive: boolean;
  /** stderr is a terminal. */
  readonly interactiveError: boolean;
  /** Escape sequences are welcome: a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** Asks on stderr and reads one line of an answer; null where there is nobody to ask, or no answer comes. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | null>;
}

/** What the common output flags ask for. */
export interface OutputOptions {
  readonly format: Format;
  readonly header: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** The one way to print. */
export class Output {
  #progress = false;

  constructor(readonly terminal: Terminal, readonly options: OutputOptions) {}

  /**
   * Prints rows under columns. TSV and JSON are printed as rows come; a table when the last has come, as its widths need
   * them all, except that past 1,000 rows it goes on with the widths of those.
   */
  async table(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    switch (this.options.format) {
      case "json":
        return await this.#json(columns, rows);
      case "tsv":
        return await this.#tsv(columns, rows);
      case "table":
        return await this.#table(columns, rows);
      default:
        this.options.format satisfies never;
    }
  }

  /** Prints text to stdout as it is, with a newline. */
  line(text: string): void {
    this.#clear();
    this.terminal.write(text + "\n");
  }

  /** Says something to the person on stderr; `--quiet` silences it. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.#clear();
    this.terminal.writeError(text + "\n");
  }

  /** Says what only `--verbose` asks for, on stderr. */
  detail(text: string): void {
    if (this.options.verbose) this.note(text);
  }

  /** Shows where long work stands: one line on stderr, rewritten in place on a terminal, nothing elsewhere. */
  progress(text: string): void {
    if (this.options.quiet || !this.terminal.color) return;
    this.terminal.writeError(`\r\x1b[K${cut(cellText(text), this.terminal.columns - 1)}`);
    this.#progress = true;
  }

  /** One line about something that failed, on stderr. */
  error(text: string): void {
    this.#clear();
    this.terminal.writeError(`kas: ${cellText(text)}\n`);
  }

  /** Asks a yes-or-no question on the terminal; anything but yes is no. Undefined where there is nobody to ask. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
    this.#clear();
    const answer = await this.terminal.ask(`${question} [y/N] `, signal);
    return answer === null ? undefined : /^y(es)?$/i.test(answer.trim());
  }

  #clear(): void {
    if (!this.#progress) return;
    this.terminal.writeError("\r\x1b[K");
    this.#progress = false;
  }

  async #json(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    let printed = 0;
    try {
      for await (const row of rows) {
        this.#clear();
        const object = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
        this.terminal.write((printed++ === 0 ? "[\n  " : ",\n  ") + JSON.stringify(object));
      }
    } finally {
      // Valid JSON even where the rows break off: the exit status tells that they did.
      this.terminal.write(printed === 0 ? "[]\n" : "\n]\n");
    }
  }

  async #tsv(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    if (this.options.header) this.line(columns.join("\t"));
    for await (const row of rows) this.line(columns.map((column) => cellText(row[column])).join("\t"));
  }

  async #table(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    const widthsFrom = 1_000;
    const waiting: string[][] = this.options.header ? [columns.map((column) => column.toUpperCase())] : [];
    let widths: number[] | undefined;
    const flush = () => {
      widths ??= columns.map((_, i) => Math.max(0, ...waiting.map((cells) => displayWidth(cells[i] ?? ""))));
      for (const cells of waiting) this.line(pad(cells, widths));
      waiting.length = 0;
    };
    try {
      for await (const row of rows) {
        waiting.push(columns.map((column) => cellText(row[column])));
        if (widths !== undefined || waiting.length >= widthsFrom) flush();
      }
    } finally {
      flush();
    }
  }
}

/** A cell's text: never empty or blank, never with a tab, newline or other control character in it. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return String(cell).replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim() || "-";
}

function pad(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell))))
    .join("  ").trimEnd();
}

/**
 * Columns that text takes on a terminal: two for an East Asian wide character or emoji, none for a combining mark or a
 * format character (Unicode Standard Annex #11).
 */
export function displayWidth(text: string): number {
  // Plain ASCII is the common case.
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

/** As much of the text's beginning as fits into so many columns. */
function cut(text: string, columns: number): string {
  let width = 0;
  let fits = "";
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns) break;
    fits += grapheme;
  }
  return fits;
}
