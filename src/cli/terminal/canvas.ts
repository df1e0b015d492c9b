/**
 * Lines on the terminal that are redrawn in place.
 *
 * @module
 */
import { inOneLine } from "./escape.ts";
import type { Terminal } from "../output.ts";
import { cut } from "../text.ts";

/** Draws on stderr. Each picture replaces the one before it. */
export class Canvas {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces the picture. The lines are text, cut to the terminal's width: a wider one would wrap, and misplace the next picture. */
  draw(lines: readonly string[]): void {
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    // Clear each line before it is written, and the rest of the screen at the end: the terminal then does not flicker.
    this.#terminal.draw(
      `${up}\r${
        lines.map((line) => `${cut(inOneLine(line), this.#terminal.columns - 1)}\x1b[K\n`).join("")
      }\x1b[J`,
    );
    this.#height = lines.length;
  }

  /** Removes the picture. */
  clear(): void {
    this.draw([]);
  }
}
