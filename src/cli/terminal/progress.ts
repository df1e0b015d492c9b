/**
 * The progress of long work on stderr: one line that a terminal rewrites in place, or a plain line now and then elsewhere.
 *
 * @module
 */
import { inOneLine } from "./escape.ts";
import { cut } from "../text.ts";

/** How long after the last output the progress is shown again, in ms. */
const REFRESH = 1_000;

/** The minimum time between two lines of progress in a log, in ms. */
const PLAIN_INTERVAL = 10_000;

/** The terminal that progress is written to. */
export interface ProgressTerminal {
  readonly writeError: (text: string) => void;
  readonly draw: (sequences: string) => void;
  readonly color: boolean;
  readonly columns: number;
}

/** The progress of one command. */
export class Progress {
  readonly #terminal: ProgressTerminal;
  readonly #quiet: boolean;
  readonly #now: () => number;
  /** The current work, and when it began. */
  #text = "";
  #since: number;
  /** When the last output was written. */
  #written: number;
  #shown = false;

  /** @param now a monotonic clock in ms */
  constructor(terminal: ProgressTerminal, quiet: boolean, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    this.#now = now;
    this.#since = this.#written = now();
  }

  /** Shows the current work, with its duration if it is shown again. */
  show(text: string): void {
    if (text !== this.#text) {
      this.#text = text;
      this.#since = this.#now();
    }
    this.#draw();
  }

  /** Until it is disposed of, shows `text`, or the latest work, again after each second without output. */
  during(text: string): Disposable {
    this.#text = text;
    this.#since = this.#now();
    const timer = setInterval(() => this.tick(), REFRESH);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        this.clear();
      },
    };
  }

  /** Shows the progress again if one second has passed since the last output. Call this method every second. */
  tick(): void {
    if (this.#now() - this.#written >= REFRESH) this.#draw();
  }

  /** Clears the line before other output. For `quiet` ms no progress is shown. */
  clear(quiet = 0): void {
    if (this.#shown) this.#terminal.draw("\r\x1b[K");
    this.#shown = false;
    this.#written = this.#now() + quiet;
  }

  #draw(): void {
    if (this.#quiet) return;
    const now = this.#now();
    const seconds = Math.floor((now - this.#since) / 1_000);
    const text = seconds < 1 ? this.#text : `${this.#text}, ${seconds} s`;
    if (this.#terminal.color) {
      this.#terminal.draw(`\r\x1b[K${cut(inOneLine(text), this.#terminal.columns - 1)}`);
      this.#shown = true;
    } else if (now - this.#written >= PLAIN_INTERVAL) this.#terminal.writeError(`${inOneLine(text)}\n`);
    else return;
    this.#written = now;
  }
}
