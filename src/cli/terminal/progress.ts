/**
 * Shows the progress of a command on stderr. A terminal rewrites one line. If stderr is not a terminal, kas prints a plain line at
 * most every 10 s.
 *
 * @module
 */
import { inOneLine } from "./escape.ts";
import { cut } from "../text.ts";

/** Minimum time between the last output and the next display of the progress, in ms. */
const REFRESH = 1_000;

/** Minimum time between two lines of progress if stderr is not a terminal, in ms. */
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
  /** Text that describes the current work, and the time at which the work began. */
  #text = "";
  #since: number;
  /** Time of the last output. */
  #written: number;
  #shown = false;

  /** @param now a monotonic clock in ms */
  constructor(terminal: ProgressTerminal, quiet: boolean, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    this.#now = now;
    this.#since = this.#written = now();
  }

  /** Shows the current work. From one second on, also shows how long the work takes. */
  show(text: string): void {
    if (text !== this.#text) {
      this.#text = text;
      this.#since = this.#now();
    }
    this.#draw();
  }

  /** Shows `text`, or the latest work, after each second without output. The disposal of the result ends this. */
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

  /** Clears the progress line, so that the caller can write other output. Shows no progress for `quiet` ms. */
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
