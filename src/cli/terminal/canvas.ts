/**
 * Lines on the terminal that are redrawn in place.
 *
 * @module
 */
import { inOneLine } from "./escape.ts";
import type { Terminal } from "../output.ts";
import { cut } from "../text.ts";

/** Draws lines on stderr. Each drawing replaces the one before it. */
export class Canvas {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * Replaces the drawn lines. Cuts each line to the terminal's width, because a line that wraps would misplace the next drawing.
   */
  draw(lines: readonly string[]): void {
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : "";
    // If kas cleared the screen before it draws, the terminal would flicker. kas clears the rest of each line, and of the screen,
    // instead.
    this.#terminal.draw(
      `${up}\r${
        lines.map((line) => `${cut(inOneLine(line), this.#terminal.columns - 1)}\x1b[K\n`).join("")
      }\x1b[J`,
    );
    this.#height = lines.length;
  }

  /** Removes the drawn lines. */
  clear(): void {
    this.draw([]);
  }
}
