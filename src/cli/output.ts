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
  /** Reads one line of an answer, null at the end of input. */
  readonly ask: (question: string) => string | null;
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
    if (this.options.quiet || !this.terminal.interactiveError) return;
    this.terminal.writeError(`\r\x1b[K${text.slice(0, this.terminal.columns - 1)}`);
    this.#progress = true;
  }

  /** One line about something that failed, on stderr. */
  error(text: string): void {
    this.#clear();
    this.terminal.writeError(`kas: ${text}\n`);
  }

  /** Asks a yes-or-no question on the terminal; anything but yes is no. */
  confirm(question: string): boolean {
    this.#clear();
    return /^y(es)?$/i.test(this.terminal.ask(`${question} [y/N]`)?.trim() ?? "");
  }

  #clear(): void {
    if (!this.#progress) return;
    this.terminal.writeError("\r\x1b[K");
    this.#progress = false;
  }

  async #json(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    let first = true;
    for await (const row of rows) {
      this.#clear();
      const object = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
      this.terminal.write((first ? "[\n  " : ",\n  ") + JSON.stringify(object));
      first = false;
    }
    this.terminal.write(first ? "[]\n" : "\n]\n");
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
    for await (const row of rows) {
      waiting.push(columns.map((column) => cellText(row[column])));
      if (widths !== undefined || waiting.length >= widthsFrom) flush();
    }
    flush();
  }
}

/** A cell's text: never empty, never with a tab, newline or other control character in it. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null || cell === "") return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  // deno-lint-ignore no-control-regex -- these are what must not reach a terminal or an awk script
  return String(cell).replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}

function pad(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell))))
    .join("  ").trimEnd();
}

/**
 * Columns that text takes on a terminal: two for an East Asian wide character or emoji, none for a combining mark
 * (Unicode Standard Annex #11).
 */
export function displayWidth(text: string): number {
  // deno-lint-ignore no-control-regex -- plain ASCII is the common case
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    width += /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
        .test(segment)
      ? 2
      : /^\p{M}+$/u.test(segment)
      ? 0
      : 1;
  }
  return width;
}
