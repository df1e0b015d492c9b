/**
 * Machines of the sandbox, each of which is a process of the queue worker in worker.ts.
 *
 * @module
 */
import { endChild, sendSignal, spawnChild } from "../../../src/sandbox/machines/child.ts";
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";

const WORKER = new URL("./worker.ts", import.meta.url).pathname;

/** The port of the service. */
export const PORT = 8_080;

/** Longest time of a job, in ms. */
const LONGEST_JOB = 1_500;

/** The jobs of all machines. */
export class Jobs {
  begun = 0;
  finished = 0;
  /** The machines that have stopped. */
  stops = 0;
  /** The machines that stopped during a job, in order. */
  readonly lost: string[] = [];
  /** The machines that take jobs. */
  readonly working = new Set<string>();
  /** Whether the test ends, so that further stops do not count. */
  isOver = false;

  readonly make: MachineFactory = ({ id, address }) => {
    const words = [
      Deno.execPath(),
      "run",
      "-A",
      "--quiet",
      WORKER,
      `${address}:${PORT}`,
      `${LONGEST_JOB}`,
    ];
    const process = spawnChild(words);
    let isBusy = false;
    const read = async () => {
      let rest = "";
      for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          isBusy = line === "begun";
          if (line === "begun") this.begun++;
          else if (line === "finished") this.finished++;
          this.working.add(id);
        }
      }
    };
    const ended = Promise.all([process.status, read()]).then(() => this.working.delete(id));
    return {
      cpuSeconds: () => 0,
      signal: (signal) => sendSignal(process, signal),
      [Symbol.asyncDispose]: async () => {
        await endChild(process, ended, 5_000);
        if (this.isOver) return;
        this.stops++;
        if (isBusy) this.lost.push(id);
      },
    };
  };
}
