/**
 * The output of a command. Rows go to stdout as a table, TSV or JSON. Progress, notes and errors go to stderr.
 *
 * @module
 */

import { escaped, inOneLine } from "./terminal/escape.ts";
import { Progress } from "./terminal/progress.ts";
import { type Layout, layOut, rowLines } from "./table.ts";

/**
 * A cell. A table or TSV shows `undefined`, null and "" as `-`, and a boolean as yes or no. JSON shows the value, and `undefined`
 * as null.
 */
export type Cell = string | number | boolean | null | undefined;

/** A row: cells by the name of their column. Keys that are not columns are not printed. */
export type Row = Readonly<Record<string, Cell>>;

/** The output format of rows. */
export type Format = "table" | "tsv" | "json";

/**
 * The terminal that a command writes to. Except for `draw`, the terminal escapes all text, because the text may come from AWS or
 * from other hosts.
 */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Writes to stderr without escaping. The argument contains escape sequences of kas, and text that the caller has escaped. */
  readonly draw: (sequences: string) => void;
  /** Whether stdout is a terminal. */
  readonly interactive: boolean;
  /** Whether stderr is a terminal. */
  readonly interactiveError: boolean;
  /** Whether kas may write escape sequences: stderr is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** Prints a question on stderr and reads one line. Returns null if there is no terminal, or at the end of the input. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | null>;
}

/** The values of the common options for output. */
export interface OutputOptions {
  readonly format: Format;
  readonly header: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Prints the output of a command. */
export class Output {
  readonly #progress: Progress;

  constructor(readonly terminal: Terminal, readonly options: OutputOptions) {
    this.#progress = new Progress(terminal, options.quiet);
  }

  /**
   * Prints rows with a header. TSV and JSON rows are printed as they arrive. A table of at most 1,000 rows is printed after the
   * last row, because the column widths depend on all rows. A longer table uses the column widths of its first 1,000 rows. If the
   * terminal is too narrow, long cells wrap, and the table omits columns of `spare`, the first one first.
   */
  async table(
    columns: readonly string[],
    rows: Iterable<Row> | AsyncIterable<Row>,
    spare: readonly string[] = [],
  ): Promise<void> {
    switch (this.options.format) {
      case "json":
        return await this.#json(columns, rows);
      case "tsv":
        return await this.#tsv(columns, rows);
      case "table":
        return await this.#table(columns, rows, spare);
      default:
        this.options.format satisfies never;
    }
  }

  /** Prints one line to stdout. */
  line(text: string): void {
    this.#write(inOneLine(text) + "\n");
  }

  /**
   * Prints a text of several lines to stdout, such as JSON. The caller escapes newlines in values, so that no value adds a line.
   */
  text(text: string): void {
    this.#write(text + "\n");
  }

  /** Prints a note on stderr, in one line, unless `--quiet` is given. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.#progress.clear();
    this.terminal.writeError(inOneLine(text) + "\n");
  }

  /** Prints a hint for a person, if stderr is a terminal. */
  hint(text: string): void {
    if (this.terminal.interactiveError) this.note(text);
  }

  /** Prints a detail on stderr, if `--verbose` is given. */
  detail(text: string): void {
    if (this.options.verbose) this.note(text);
  }

  /**
   * Shows the progress of a command on stderr. A terminal rewrites one line. If stderr is not a terminal, kas prints a line at
   * most every 10 s.
   */
  progress(text: string): void {
    this.#progress.show(cellText(text));
  }

  /** Shows `text`, or the latest progress, after each second without output. The disposal of the result ends this. */
  during(text: string): Disposable {
    return this.#progress.during(text);
  }

  /** Clears the progress line at the end of the command. */
  end(): void {
    this.#progress.clear();
  }

  /** Prints an error on stderr, in one line. */
  error(text: string): void {
    this.#progress.clear();
    this.terminal.writeError(`kas: ${cellText(text)}\n`);
  }

  /** Asks a yes-or-no question. Returns whether the answer is yes, or undefined if there is no terminal. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
    this.#progress.clear(Infinity);
    const answer = await this.terminal.ask(`${inOneLine(question)} [y/N] `, signal);
    this.#progress.clear();
    return answer === null ? undefined : /^y(es)?$/i.test(answer.trim());
  }

  #write(text: string): void {
    // On a terminal, the text would start at the end of the progress line. Therefore kas clears the progress line first.
    if (this.terminal.interactive) this.#progress.clear();
    this.terminal.write(text);
  }

  async #json(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    let printed = 0;
    try {
      for await (const row of rows) {
        const object = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
        this.#write((printed++ === 0 ? "[\n  " : ",\n  ") + JSON.stringify(object));
      }
    } finally {
      // If reading the rows fails, the output is still valid JSON, and the exit status reports the failure.
      this.#write(printed === 0 ? "[]\n" : "\n]\n");
    }
  }

  async #tsv(columns: readonly string[], rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    if (this.options.header) this.line(columns.join("\t"));
    for await (const row of rows) this.line(columns.map((column) => cellText(row[column])).join("\t"));
  }

  async #table(
    columns: readonly string[],
    rows: Iterable<Row> | AsyncIterable<Row>,
    spare: readonly string[],
  ): Promise<void> {
    const rowsForWidths = 1_000;
    const { interactive } = this.terminal;
    const width = interactive ? this.terminal.columns : Infinity;
    const waiting: string[][] = this.options.header ? [columns.map((column) => column.toUpperCase())] : [];
    let layout: Layout | undefined;
    const flush = () => {
      layout ??= layOut(waiting, width, spare.map((name) => columns.indexOf(name)));
      const { places, widths } = layout;
      for (const cells of waiting) {
        const shown = places.map((i) => cells[i] ?? "");
        for (const line of rowLines(shown, widths, interactive)) this.line(line);
      }
      waiting.length = 0;
    };
    try {
      for await (const row of rows) {
        waiting.push(columns.map((column) => cellText(row[column])));
        if (layout !== undefined || waiting.length >= rowsForWidths) flush();
      }
    } finally {
      flush();
    }
    const hidden = columns.filter((_, i) => !layout?.places.includes(i));
    if (hidden.length > 0) {
      this.hint(`The terminal is too narrow for ${hidden.join(", ")}. --output json shows all columns`);
    }
  }
}

/**
 * Returns the text of a cell in a table or in TSV. The text is never blank. A space replaces each tab, newline or other control
 * character.
 */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return escaped(String(cell).replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim()) || "-";
}
