/**
 * Many hosts at once on a terminal: a line each, redrawn in place.
 *
 * @module
 */
import type { Output } from "../../cli/output.ts";
import { Canvas } from "../sandbox/scenario_view.ts";

/** Shows what each host is at; nothing where stderr is no terminal. */
export class HostBoard {
  readonly #canvas: Canvas | undefined;
  readonly #lines: Map<string, string>;
  readonly #width: number;
  readonly #columns: number;

  constructor({ terminal, options }: Output, hosts: readonly string[]) {
    this.#canvas = terminal.color && !options.quiet ? new Canvas(terminal) : undefined;
    this.#lines = new Map(hosts.map((host) => [host, "waiting"]));
    this.#width = Math.max(...hosts.map((host) => host.length));
    this.#columns = terminal.columns;
  }

  /** Says what a host is at. */
  show(host: string, doing: string): void {
    if (this.#lines.get(host) === doing) return;
    this.#lines.set(host, doing);
    this.#draw();
  }

  /** Has something else said where the lines are, which then stand below it. */
  aside(say: () => void): void {
    this.#canvas?.clear();
    say();
    this.#draw();
  }

  /** Takes the lines away. */
  clear(): void {
    this.#canvas?.clear();
  }

  #draw(): void {
    this.#canvas?.draw(
      Array.from(
        this.#lines,
        ([host, doing]) => `${host.padEnd(this.#width)}  ${doing}`.slice(0, this.#columns - 1),
      ),
    );
  }
}
