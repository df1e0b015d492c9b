/**
 * Where long work stands, told on stderr: one line rewritten in place where escape sequences are welcome, a plain line now and
 * then elsewhere.
 *
 * @module
 */
import { cut } from "./text.ts";

/** Silence after which a person is told that work goes on, ms. */
const PATIENCE = 1_000;

/** Between two plain lines, which somebody may read later in a log, ms. */
const SELDOM = 10_000;

/** What it writes to. */
export interface ProgressTerminal {
  readonly writeError: (text: string) => void;
  readonly color: boolean;
  readonly columns: number;
}

/** One command's progress. */
export class Progress {
  readonly #terminal: ProgressTerminal;
  readonly #quiet: boolean;
  readonly #now: () => number;
  /** What the work is at, and since when. */
  #text = "";
  #since: number;
  /** When anything was last said. */
  #said: number;
  #shown = false;

  /** @param now ms; never goes back */
  constructor(terminal: ProgressTerminal, quiet: boolean, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    this.#now = now;
    this.#since = this.#said = now();
  }

  /** Tells what the work is at; told again, with how long it has been. */
  show(text: string): void {
    if (text !== this.#text) {
      this.#text = text;
      this.#since = this.#now();
    }
    this.#draw();
  }

  /** While it lasts, a silence is broken by telling that `text`, or what was shown since, goes on. */
  during(text: string): Disposable {
    this.#text = text;
    this.#since = this.#now();
    const timer = setInterval(() => this.tick(), PATIENCE);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        this.clear();
      },
    };
  }

  /** A second has passed. */
  tick(): void {
    if (this.#now() - this.#said >= PATIENCE) this.#draw();
  }

  /** Takes the line away, as something else is about to be said; until `quiet` ms later nothing is. */
  clear(quiet = 0): void {
    if (this.#shown) this.#terminal.writeError("\r\x1b[K");
    this.#shown = false;
    this.#said = this.#now() + quiet;
  }

  #draw(): void {
    if (this.#quiet) return;
    const now = this.#now();
    const seconds = Math.floor((now - this.#since) / 1_000);
    const text = seconds < 1 ? this.#text : `${this.#text}, ${seconds} s`;
    if (this.#terminal.color) {
      this.#terminal.writeError(`\r\x1b[K${cut(text, this.#terminal.columns - 1)}`);
      this.#shown = true;
    } else if (now - this.#said >= SELDOM) this.#terminal.writeError(`${text}\n`);
    else return;
    this.#said = now;
  }
}
