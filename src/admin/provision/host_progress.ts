/**
 * The progress of many hosts on a terminal: one line a host, redrawn in place.
 *
 * @module
 */
import { Canvas } from "../../cli/terminal/canvas.ts";
import type { Output } from "../../cli/output.ts";

/** Shows what each host is doing. Shows nothing if stderr is not a terminal. */
export class HostProgress {
  readonly #canvas: Canvas | undefined;
  readonly #activityByHost: Map<string, string>;
  readonly #nameWidth: number;

  constructor({ terminal, options }: Output, hosts: readonly string[]) {
    this.#canvas = terminal.color && !options.quiet ? new Canvas(terminal) : undefined;
    this.#activityByHost = new Map(hosts.map((host) => [host, "waiting"]));
    this.#nameWidth = Math.max(...hosts.map((host) => host.length));
  }

  /** Shows what a host is doing now. */
  update(host: string, activity: string): void {
    if (this.#activityByHost.get(host) === activity) return;
    this.#activityByHost.set(host, activity);
    this.#draw();
  }

  /** Removes the hosts' lines, calls `print`, and draws the lines again below its output. */
  printAbove(print: () => void): void {
    this.#canvas?.clear();
    print();
    this.#draw();
  }

  /** Removes the lines. */
  clear(): void {
    this.#canvas?.clear();
  }

  #draw(): void {
    this.#canvas?.draw(
      Array.from(
        this.#activityByHost,
        ([host, activity]) => `${host.padEnd(this.#nameWidth)}  ${activity}`,
      ),
    );
  }
}
