/**
 * Shows the progress of several hosts on a terminal, in one line per host.
 *
 * @module
 */
import { Canvas } from "../../cli/terminal/canvas.ts";
import type { Output } from "../../cli/output.ts";

/** Shows the current activity of each host. Shows nothing if stderr is not a terminal. */
export class HostProgress {
  readonly #canvas: Canvas | undefined;
  readonly #activityByHost: Map<string, string>;
  readonly #nameWidth: number;

  constructor({ terminal, options }: Output, hosts: readonly string[]) {
    this.#canvas = terminal.color && !options.quiet ? new Canvas(terminal) : undefined;
    this.#activityByHost = new Map(hosts.map((host) => [host, "waiting"]));
    this.#nameWidth = Math.max(...hosts.map((host) => host.length));
  }

  /** Shows the current activity of a host. */
  update(host: string, activity: string): void {
    if (this.#activityByHost.get(host) === activity) return;
    this.#activityByHost.set(host, activity);
    this.#draw();
  }

  /** Removes the hosts' lines, calls `print`, and draws the lines again below the output of `print`. */
  printAbove(print: () => void): void {
    this.#canvas?.clear();
    print();
    this.#draw();
  }

  /** Removes the hosts' lines. */
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
