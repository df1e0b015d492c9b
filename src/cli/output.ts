/**
 * What a command prints: rows on stdout as a table, TSV or JSON; progress, notes and errors on stderr.
 *
 * @module
 */

import { Progress } from "./progress.ts";
import { type Layout, layOut, rowLines } from "./table.ts";

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
  readonly #progress: Progress;

  constructor(readonly terminal: Terminal, readonly options: OutputOptions) {
    this.#progress = new Progress(terminal, options.quiet);
  }

  /**
   * Prints rows under columns. TSV and JSON are printed as rows come; a table when the last has come, as its widths need
   * them all, except that past 1,000 rows it goes on with the widths of those. On a terminal that is too narrow for it, long
   * cells are wrapped, and columns of `spare` left out, the first of them first.
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

  /** Prints text to stdout as it is, with a newline. */
  line(text: string): void {
    this.#write(text + "\n");
  }

  /** Says something to the person on stderr; `--quiet` silences it. */
  note(text: string): void {
    if (this.options.quiet) return;
    this.#progress.clear();
    this.terminal.writeError(text + "\n");
  }

  /** Says what to do next, to a person at a terminal. */
  hint(text: string): void {
    if (this.terminal.interactiveError) this.note(text);
  }

  /** Says what only `--verbose` asks for, on stderr. */
  detail(text: string): void {
    if (this.options.verbose) this.note(text);
  }

  /** Shows where long work stands: one line on stderr, rewritten in place on a terminal, now and then a new one elsewhere. */
  progress(text: string): void {
    this.#progress.show(cellText(text));
  }

  /** While it lasts, a person is told every second that `text`, or what progress was shown since, goes on. */
  during(text: string): Disposable {
    return this.#progress.during(text);
  }

  /** Takes the last line of progress away: nothing more comes. */
  end(): void {
    this.#progress.clear();
  }

  /** One line about something that failed, on stderr. */
  error(text: string): void {
    this.#progress.clear();
    this.terminal.writeError(`kas: ${cellText(text)}\n`);
  }

  /** Asks a yes-or-no question on the terminal; anything but yes is no. Undefined where there is nobody to ask. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean | undefined> {
    this.#progress.clear(Infinity);
    const answer = await this.terminal.ask(`${question} [y/N] `, signal);
    this.#progress.clear();
    return answer === null ? undefined : /^y(es)?$/i.test(answer.trim());
  }

  #write(text: string): void {
    // Elsewhere than on the terminal it does not run into the progress, nor take its place.
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
      // Valid JSON even where the rows break off: the exit status tells that they did.
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
    const widthsFrom = 1_000;
    const { interactive } = this.terminal;
    const within = interactive ? this.terminal.columns : Infinity;
    const waiting: string[][] = this.options.header ? [columns.map((column) => column.toUpperCase())] : [];
    let layout: Layout | undefined;
    const flush = () => {
      layout ??= layOut(waiting, within, spare.map((name) => columns.indexOf(name)));
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
        if (layout !== undefined || waiting.length >= widthsFrom) flush();
      }
    } finally {
      flush();
    }
    const left = columns.filter((_, i) => !layout?.places.includes(i));
    if (left.length > 0) this.hint(`Too narrow for ${left.join(", ")}; --output json shows all`);
  }
}

/** A cell's text: never empty or blank, never with a tab, newline or other control character in it. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return "-";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return String(cell).replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim() || "-";
}
