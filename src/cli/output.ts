/**
 * The output of a command: rows on stdout as a table, TSV or JSON; progress, notes and errors on stderr.
 *
 * @module
 */

import { escaped, inOneLine } from "./terminal/escape.ts";
import { Progress } from "./terminal/progress.ts";
import { type Layout, layOut, rowLines } from "./table.ts";

/** A cell. `undefined`, null and "" print as `-`, a boolean as yes or no. JSON keeps the value; an absent cell is null. */
export type Cell = string | number | boolean | null | undefined;

/** A row to print. Keys without a column are not printed. */
export type Row = Readonly<Record<string, Cell>>;

/** The output format of rows. */
export type Format = "table" | "tsv" | "json";

/**
 * The terminal that a command writes to. Text that it writes or asks is escaped, because it may come from AWS or from other hosts.
 */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Writes to stderr without escaping. Only for kas's own escape sequences, around text that is escaped already. */
  readonly draw: (sequences: string) => void;
  /** Whether stdout is a terminal. */
  readonly interactive: boolean;
  /** Whether stderr is a terminal. */
  readonly interactiveError: boolean;
  /** Whether kas may write escape sequences: stderr is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** Asks on stderr and reads one line. Null if there is no terminal or the input ends. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | null>;
}

/** The values of the common output options. */
export interface OutputOptions {
  readonly format: Format;
  readonly header: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Prints everything that a command prints. */
export class Output {
  readonly #progress: Progress;

  constructor(readonly terminal: Terminal, readonly options: OutputOptions) {
    this.#progress = new Progress(terminal, options.quiet);
  }

  /**
   * Prints rows under columns. TSV and JSON rows are printed as they arrive. A table is printed after its last row, because its
   * column widths depend on all rows; from row 1,000 on, it keeps the widths of the first 1,000 rows. If the terminal is too
   * narrow, long cells wrap and the columns in `spare` are left out, in that order.
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

  /** Prints a text of several lines to stdout, such as JSON. No line of it may be forged by what it contains. */
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

  /** Shows the progress of long work: one line on stderr that a terminal rewrites in place; elsewhere a new line now and then. */
  progress(text: string): void {
    this.#progress.show(cellText(text));
  }

  /** Until it is disposed of, shows every second that `text`, or the latest progress, continues. */
  during(text: string): Disposable {
    return this.#progress.during(text);
  }

  /** Clears the progress line at the end of the command. */
  end(): void {
    this.#progress.clear();
  }

  /** Prints one line about a failure on stderr. */
  error(text: string): void {
    this.#progress.clear();
    this.terminal.writeError(`kas: ${cellText(text)}\n`);
  }

  /** Asks a yes-or-no question on the terminal. Any answer but yes means no. Undefined if there is no terminal. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
    this.#progress.clear(Infinity);
    const answer = await this.terminal.ask(`${inOneLine(question)} [y/N] `, signal);
    this.#progress.clear();
    return answer === null ? undefined : /^y(es)?$/i.test(answer.trim());
  }

  #write(text: string): void {
    // On a terminal the rows would be appended to the progress line, so clear the progress line first.
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
      // Close the array even if the rows fail: the output stays valid JSON, and the exit status reports the failure.
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

/** A cell's text. It is never blank and contains no tab, newline or other control character: a space replaces them. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return escaped(String(cell).replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim()) || "-";
}
